-- Refuses to go on where something in pgml's schemas belongs to a role that is no superuser: a call could find it in
-- the place of pgml's own, or its owner could change it later. Exempt are tables that hold rows and nothing else:
-- data sets that a role loaded with pgml 0.1, and the snapshots of 0.1, until they are copied. Looked at before
-- anything is done, and again at the end, for what came in the meantime.
DO $$
DECLARE
    homes regnamespace[] := ARRAY(
        SELECT oid::regnamespace FROM pg_namespace
        WHERE nspname IN ('pgml', 'pgml_internal', 'pgml_snapshots', 'pgml_doors')
    );
    is_version_1 boolean := to_regclass('pgml_internal.schema_versions') IS NULL;
    strange text := (
        SELECT string_agg(format('%s of %I', pg_describe_object(classid, objid, 0), rolname), ', ' ORDER BY classid, objid)
        FROM (
            SELECT 'pg_namespace'::regclass AS classid, n.oid AS objid, n.nspowner AS owner
            FROM pg_namespace AS n WHERE n.oid = ANY (homes)
            UNION ALL
            SELECT inside.classid, inside.objid, owned.refobjid
            FROM pg_depend AS inside
            JOIN pg_shdepend AS owned ON owned.classid = inside.classid AND owned.objid = inside.objid AND owned.deptype = 'o'
                AND owned.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            LEFT JOIN pg_class AS c ON inside.classid = 'pg_class'::regclass AND c.oid = inside.objid AND c.relkind = 'r'
            WHERE inside.refclassid = 'pg_namespace'::regclass AND inside.refobjid = ANY (homes)
                AND inside.classid <> 'pg_default_acl'::regclass
                AND obj_description(c.oid, 'pg_class') IS DISTINCT FROM 'a data set that pgml.load_dataset loaded'
                AND NOT (is_version_1 AND c.oid IS NOT NULL AND c.relname ~ '^snapshot_[0-9]+$')
        ) AS found
        JOIN pg_roles AS role ON role.oid = found.owner AND NOT role.rolsuper
    );
BEGIN
    IF strange IS NOT NULL THEN
        RAISE EXCEPTION USING
            errcode = 'ML020',
            message = 'what is in pgml''s schemas must belong to a superuser, unlike this: ' || strange,
            hint = 'look at it, drop it or move it to another schema, then install again';
    END IF;
END
$$;
