-- Makes the table whose privileges are the rights in a project, and gives all of them to its owner.
CREATE OR REPLACE FUNCTION pgml_internal.create_rights(project_id bigint, role oid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET default_tablespace = '' -- the caller's settings do not say where it goes
SET default_table_access_method = heap
AS $$
DECLARE
    carrier text := format('pgml_internal.rights_%s', project_id);
BEGIN
    EXECUTE format('CREATE TABLE %s (predict boolean, read boolean, train boolean, deploy boolean, own boolean)', carrier);
    PERFORM pgml_internal.close(carrier::regclass);
    UPDATE pgml_internal.projects SET rights = carrier::regclass WHERE id = project_id;
    PERFORM pgml_internal.change_rights(project_id, role, '{predict,read,train,deploy,own}', true);
END
$$;
COMMENT ON FUNCTION pgml_internal.create_rights IS 'Makes a role the owner of a project that has none yet.';
