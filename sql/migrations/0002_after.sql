-- From version 1 (pgml 0.1) to 2, the second half: projects get an owner, snapshots a schema of their own.

DO $$
DECLARE
    project record;
    snapshot record;
    columns record;
    given record;
    row_number text;
BEGIN
    -- A project belongs to the role that trained it, which owns its snapshots. Where several did, an owner would get
    -- to see the rows of the others: then it belongs to pgml's.
    FOR project IN
        SELECT p.id, p.name, ARRAY(
            SELECT DISTINCT c.relowner::regrole FROM pgml_internal.snapshots AS s
            JOIN pg_class AS c ON c.relnamespace = 'pgml'::regnamespace AND c.relname = 'snapshot_' || s.id
            WHERE s.project_id = p.id
        ) AS trainers
        FROM pgml_internal.projects AS p ORDER BY p.id
    LOOP
        IF cardinality(project.trainers) > 1 THEN
            RAISE WARNING 'project "%" was trained by %: it belongs to % now, and pgml.grant gives rights in it',
                project.name, array_to_string(project.trainers, ' and '), current_user;
        END IF;
        PERFORM pgml_internal.create_rights(
            project.id, CASE cardinality(project.trainers) WHEN 1 THEN project.trainers[1] ELSE current_user::regrole END
        );
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
    FOR snapshot IN
        SELECT s.id, s.project_id, c.oid::regclass AS old
        FROM pgml_internal.snapshots AS s
        JOIN pg_class AS c ON c.relnamespace = 'pgml'::regnamespace AND c.relname = 'snapshot_' || s.id
        ORDER BY s.id
    LOOP
        WITH RECURSIVE resolved AS (
            SELECT a.attnum, a.attname, t.oid, t.typtype, t.typbasetype
            FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
            WHERE a.attrelid = snapshot.old AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT r.attnum, r.attname, t.oid, t.typtype, t.typbasetype
            FROM resolved AS r JOIN pg_type AS t ON t.oid = r.typbasetype
            WHERE r.typtype = 'd'
        )
        SELECT
            array_agg(attname::text ORDER BY attnum) AS names,
            array_agg(format_type(oid, NULL) ORDER BY attnum) AS types,
            string_agg(format('%I::%s', attname, format_type(oid, NULL)), ', ' ORDER BY attnum) AS selected,
            string_agg(format('%I %s', attname, format_type(oid, NULL)), ', ' ORDER BY attnum) FILTER (WHERE oid <> ALL (
                '{smallint,integer,bigint,real,double precision,numeric,boolean,smallint[],integer[],bigint[],real[],double precision[],numeric[]}'::regtype[]
            )) AS strange
            INTO columns
            FROM resolved WHERE typtype <> 'd';
        IF columns.strange IS NOT NULL THEN
            RAISE EXCEPTION USING
                errcode = 'ML020',
                message = format('%s is no longer the table of numbers that pgml made: %s', snapshot.old, columns.strange),
                hint = 'look at it and drop it, then install again: the models trained on it stay, its rows do not';
        END IF;
        row_number := 'pgml_row';
        WHILE row_number = ANY (columns.names) LOOP
            row_number := row_number || '_';
        END LOOP;
        PERFORM pgml_internal.create_snapshot(
            snapshot.id, row_number || columns.names, 'bigint'::text || columns.types, current_user::regrole
        );
        EXECUTE format(
            'INSERT INTO pgml_snapshots.snapshot_%s SELECT row_number() OVER (), %s FROM %s',
            snapshot.id, columns.selected, snapshot.old
        );
        EXECUTE format('DROP TABLE %s', snapshot.old);
        PERFORM pgml_internal.seal_snapshot(snapshot.id, snapshot.project_id);
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
