-- Gives a role rights in a project, or takes them; who may read the project may read the rows of its snapshots.
-- One at a time for a project. The lock is on the table of its rights, which nobody else locks: a role that trains
-- or deploys holds others until its transaction ends, and must not keep its rights that way.
CREATE OR REPLACE FUNCTION pgml_internal.change_rights(project_id bigint, role oid, rights text[], give boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    direction text := CASE WHEN give THEN 'GRANT %s ON %s TO %s' ELSE 'REVOKE %s ON %s FROM %s' END;
    columns text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(rights) AS name);
    snapshot regclass;
BEGIN
    EXECUTE format('LOCK TABLE pgml_internal.rights_%s IN SHARE ROW EXCLUSIVE MODE', project_id);
    EXECUTE format(
        direction, format('REFERENCES (%s)', columns), format('pgml_internal.rights_%s', project_id),
        pgml_internal.role_name(role)
    );
    IF 'read' = ANY (rights) THEN
        FOR snapshot IN
            SELECT to_regclass(format('pgml_snapshots.snapshot_%s', id)) FROM pgml_internal.snapshots AS s
            WHERE s.project_id = change_rights.project_id
        LOOP
            CONTINUE WHEN snapshot IS NULL; -- an administrator has dropped it
            EXECUTE format(direction, 'SELECT', snapshot, pgml_internal.role_name(role));
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION pgml_internal.change_rights IS 'Gives a role rights in a project, or takes them.';
