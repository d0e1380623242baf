-- From here on nobody changes a snapshot, and those who may read its project may read its rows. The policy asks
-- for that right whenever rows are read, because pgml.revoke finds no snapshot that another session has not
-- committed yet.
CREATE OR REPLACE FUNCTION pgml_internal.seal_snapshot(snapshot_id bigint, project_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    snapshot text := format('pgml_snapshots.snapshot_%s', snapshot_id);
    carrier regclass := (SELECT rights FROM pgml_internal.projects WHERE id = project_id);
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
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', snapshot);
    EXECUTE format(
        'CREATE POLICY readers ON %s FOR SELECT USING ((SELECT has_column_privilege(%L::regclass, ''read'', ''REFERENCES'')))',
        snapshot, carrier
    );
END
$$;
COMMENT ON FUNCTION pgml_internal.seal_snapshot IS 'Ends the filling of a snapshot, and lets the readers of its project read it.';
