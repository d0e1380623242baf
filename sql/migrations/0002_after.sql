-- From version 1 (pgml 0.1) to 2, the second half: projects get an owner, snapshots a schema of their own.

DO $$
DECLARE
    project record;
    snapshot record;
    columns record;
    given record;
    old text;
    row_number text;
BEGIN
    -- A project belongs to the role that trained it first, which owns its first snapshot.
    FOR project IN
        SELECT p.id, coalesce(
            (SELECT c.relowner FROM pgml_internal.snapshots AS s
             JOIN pg_class AS c ON c.oid = to_regclass(format('pgml.snapshot_%s', s.id))
             WHERE s.project_id = p.id ORDER BY s.id LIMIT 1),
            current_user::regrole
        ) AS owner
        FROM pgml_internal.projects AS p
    LOOP
        PERFORM pgml_internal.create_rights(project.id, project.owner);
    END LOOP;

    -- Who could read the models could predict, and still may. Who could add models may still train.
    FOR given IN
        SELECT DISTINCT acl.grantee, acl.privilege_type FROM pg_class AS c, aclexplode(c.relacl) AS acl
        WHERE acl.grantee <> c.relowner AND (
            (c.oid = 'pgml_internal.artifacts'::regclass AND acl.privilege_type = 'SELECT')
            OR (c.oid = 'pgml_internal.models'::regclass AND acl.privilege_type = 'INSERT')
        )
    LOOP
        IF given.privilege_type = 'SELECT' THEN
            PERFORM pgml_internal.change_rights(p.id, given.grantee, '{predict}', true) FROM pgml_internal.projects AS p;
        ELSE
            EXECUTE format(
                'GRANT EXECUTE ON FUNCTION pgml.train, pgml.load_dataset TO %s', pgml_internal.role_name(given.grantee)
            );
        END IF;
    END LOOP;

    -- The rows go into new tables, of plain types, and are numbered in the order in which they lie.
    FOR snapshot IN SELECT id, project_id FROM pgml_internal.snapshots ORDER BY id LOOP
        old := format('pgml.snapshot_%s', snapshot.id);
        CONTINUE WHEN to_regclass(old) IS NULL;
        WITH RECURSIVE resolved AS (
            SELECT a.attnum, a.attname, t.oid, t.typtype, t.typbasetype
            FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
            WHERE a.attrelid = to_regclass(old) AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT r.attnum, r.attname, t.oid, t.typtype, t.typbasetype
            FROM resolved AS r JOIN pg_type AS t ON t.oid = r.typbasetype
            WHERE r.typtype = 'd'
        )
        SELECT
            array_agg(attname::text ORDER BY attnum) AS names,
            array_agg(format_type(oid, NULL) ORDER BY attnum) AS types,
            string_agg(format('%I::%s', attname, format_type(oid, NULL)), ', ' ORDER BY attnum) AS selected,
            bool_and(oid = ANY (
                '{smallint,integer,bigint,real,double precision,numeric,boolean,smallint[],integer[],bigint[],real[],double precision[],numeric[]}'::regtype[]
            )) AND (SELECT relkind = 'r' FROM pg_class WHERE pg_class.oid = to_regclass(old)) AS plain
            INTO columns
            FROM resolved WHERE typtype <> 'd';
        IF columns.plain IS NOT TRUE THEN
            RAISE EXCEPTION USING
                message = format('%s is no longer the table of numbers that pgml made', old),
                hint = format(
                    'look at it and drop it, then install again: the models trained on it stay, its rows do not', old
                );
        END IF;
        row_number := 'pgml_row';
        WHILE row_number = ANY (columns.names) LOOP
            row_number := row_number || '_';
        END LOOP;
        PERFORM pgml_internal.create_snapshot(
            snapshot.id, row_number || columns.names, 'bigint' || columns.types, current_user::regrole
        );
        EXECUTE format(
            'INSERT INTO pgml_snapshots.snapshot_%s SELECT row_number() OVER (), %s FROM %s', snapshot.id, columns.selected, old
        );
        EXECUTE format('DROP TABLE %s', old);
        PERFORM pgml_internal.seal_snapshot(snapshot.id, snapshot.project_id);
    END LOOP;

    -- Nobody but the owner touches pgml's tables, or creates anything in its schema.
    PERFORM pgml_internal.close(c.oid) FROM pg_class AS c
        WHERE c.relnamespace = 'pgml_internal'::regnamespace AND c.relkind IN ('r', 'S') AND c.relname NOT LIKE 'rights\_%';
    FOR given IN
        SELECT DISTINCT acl.grantee FROM pg_namespace AS n, aclexplode(n.nspacl) AS acl
        WHERE n.nspname = 'pgml' AND acl.grantee <> n.nspowner AND acl.privilege_type = 'CREATE'
    LOOP
        EXECUTE format('REVOKE CREATE ON SCHEMA pgml FROM %s', pgml_internal.role_name(given.grantee));
    END LOOP;

    -- Data sets are for all to read. What another role has made of that name stays its own.
    FOR given IN
        SELECT c.oid::regclass AS name, c.relowner = n.nspowner AS ours
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'pgml' AND c.relkind = 'r'
            AND obj_description(c.oid, 'pg_class') = 'a data set that pgml.load_dataset loaded'
    LOOP
        IF given.ours THEN
            EXECUTE format('GRANT SELECT ON %s TO PUBLIC', given.name);
        ELSE
            RAISE WARNING '% belongs to another role than pgml: drop it to have pgml.load_dataset make it again', given.name;
        END IF;
    END LOOP;
END
$$;
