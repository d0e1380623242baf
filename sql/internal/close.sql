-- Takes from everybody but the owner what default privileges gave them on a relation that was just made.
CREATE OR REPLACE FUNCTION pgml_internal.close(relation regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    grantee oid;
BEGIN
    FOR grantee IN
        SELECT given.grantee FROM pg_class AS c, aclexplode(c.relacl) AS given
        WHERE c.oid = relation AND given.grantee <> c.relowner
        UNION
        SELECT given.grantee FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid, aclexplode(a.attacl) AS given
        WHERE c.oid = relation AND given.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', relation, pgml_internal.role_name(grantee));
    END LOOP;
END
$$;
COMMENT ON FUNCTION pgml_internal.close IS 'Leaves nobody but its owner any privilege on a relation.';
