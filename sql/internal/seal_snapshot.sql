-- From here on nobody changes a snapshot, and those who may read its project may read its rows.
CREATE OR REPLACE FUNCTION pgml_internal.seal_snapshot(snapshot_id bigint, project_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    snapshot text := format('pgml_snapshots.snapshot_%s', snapshot_id);
    reader oid;
BEGIN
    PERFORM pgml_internal.close(snapshot::regclass);
    FOR reader IN
        SELECT given.grantee
        FROM pgml_internal.projects AS project
        JOIN pg_attribute AS a ON a.attrelid = project.rights AND a.attname = 'read',
            aclexplode(a.attacl) AS given
        WHERE project.id = project_id
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO %s', snapshot, pgml_internal.role_name(reader));
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgml_internal.seal_snapshot IS 'Ends the filling of a snapshot, and lets the readers of its project read it.';
