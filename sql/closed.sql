-- Nobody but the owner touches pgml's tables, or creates anything in its schemas, whatever default privileges or
-- version 1 have given.
DO $$
DECLARE
    given record;
BEGIN
    PERFORM pgml_internal.close(c.oid) FROM pg_class AS c
        WHERE c.relnamespace = 'pgml_internal'::regnamespace AND c.relkind IN ('r', 'S') AND c.relname !~ '^rights_';
    FOR given IN
        SELECT n.oid::regnamespace AS schema, acl.grantee, acl.privilege_type
        FROM pg_namespace AS n, aclexplode(n.nspacl) AS acl
        WHERE acl.grantee <> n.nspowner AND (
            n.nspname = 'pgml_internal' OR (n.nspname IN ('pgml', 'pgml_snapshots', 'pgml_doors') AND acl.privilege_type = 'CREATE')
        )
    LOOP
        EXECUTE format(
            'REVOKE %s ON SCHEMA %s FROM %s CASCADE', given.privilege_type, given.schema, pgml_internal.role_name(given.grantee)
        );
    END LOOP;
END
$$;
