-- What must hold before anything is installed: nobody else has put anything where pgml belongs, and what is there is
-- not of a later version.
\ir strangers.sql
DO $$
DECLARE
    here integer;
    wanted integer := current_setting('pgml.schema_version');
    found text;
    owner name;
BEGIN
    IF to_regclass('pgml_internal.schema_versions') IS NOT NULL THEN
        here := (SELECT max(version) FROM pgml_internal.schema_versions);
        IF here > wanted THEN
            RAISE EXCEPTION USING
                errcode = 'ML020',
                message = format('pgml''s schema in this database is of version %s, and this package knows versions up to %s', here, wanted),
                hint = 'upgrade the package (pip install --upgrade pgml-core), then install again; nothing was changed';
        END IF;
    ELSIF to_regclass('pgml.artifacts') IS NULL THEN
        found := (
            SELECT string_agg(description, ', ') FROM (
                SELECT pg_describe_object(inside.classid, inside.objid, 0) AS description
                FROM pg_depend AS inside JOIN pg_namespace AS n ON n.oid = inside.refobjid
                WHERE inside.refclassid = 'pg_namespace'::regclass AND inside.classid <> 'pg_default_acl'::regclass
                    AND n.nspname IN ('pgml', 'pgml_internal', 'pgml_snapshots', 'pgml_doors')
                ORDER BY inside.classid, inside.objid LIMIT 10
            ) AS few
        );
        IF found IS NOT NULL THEN
            RAISE EXCEPTION USING
                errcode = 'ML020',
                message = 'pgml''s schemas are there already and hold what is not pgml''s own: ' || found,
                hint = 'drop or rename the schema, or install pgml into another database';
        END IF;
    END IF;
    -- All of it belongs to one role, whichever superuser brings it up to date.
    owner := (
        SELECT pg_get_userbyid(nspowner) FROM pg_namespace
        WHERE nspname IN ('pgml', 'pgml_internal') ORDER BY nspname DESC LIMIT 1
    );
    IF owner <> current_user THEN
        EXECUTE format('SET LOCAL ROLE %I', owner);
    END IF;
END
$$;
