-- Makes a project that belongs to a role, unless there is one of that name; waits for another session that is
-- just making it.
CREATE OR REPLACE FUNCTION pgml_internal.create_project(project_name text, objective text, role oid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made bigint;
BEGIN
    INSERT INTO pgml_internal.projects (name, objective) VALUES (project_name, create_project.objective)
        ON CONFLICT (name) DO NOTHING RETURNING id INTO made;
    IF made IS NOT NULL THEN
        PERFORM pgml_internal.create_rights(made, role);
    END IF;
END
$$;
COMMENT ON FUNCTION pgml_internal.create_project IS 'Makes a project that belongs to a role, unless there is one of that name.';
