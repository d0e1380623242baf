-- From version 1 (pgml 0.1) to 2, the first half: pgml's own tables go to pgml_internal, and what the second
-- version defines anew makes way for it.

-- Nobody changes what is looked at now until it is done.
DO $$
DECLARE
    patience text := current_setting('lock_timeout');
    own regclass[] := '{pgml.projects,pgml.snapshots,pgml.models,pgml.artifacts,pgml.deployments}';
    snapshots regclass[] := ARRAY(
        SELECT oid::regclass FROM pg_class
        WHERE relnamespace = 'pgml'::regnamespace AND relkind = 'r' AND relname ~ '^snapshot_[0-9]+$'
    );
    locked regclass;
    holders text;
BEGIN
    PERFORM set_config('lock_timeout', CASE patience WHEN '0' THEN '10s' ELSE patience END, true);
    FOREACH locked IN ARRAY own || snapshots LOOP
        EXECUTE format('LOCK TABLE %s', locked);
    END LOOP;
    PERFORM set_config('lock_timeout', patience, true);
EXCEPTION WHEN lock_not_available THEN
    holders := (
        SELECT string_agg(DISTINCT format('process %s of %I', pid, usename), ', ')
        FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE relation = locked AND granted AND pid <> pg_backend_pid()
    );
    RAISE EXCEPTION USING
        errcode = 'ML020',
        message = format('others are using %s: %s', locked, coalesce(holders, 'they have just ended')),
        hint = 'wait until they are done, or end them (SELECT pg_terminate_backend(process)), then install again';
END
$$;

-- In version 1 those who train could create objects in schema pgml, and wrote to its tables. Nothing may be there
-- that a call could find in the place of pgml's own, or that would run when the tables are moved.
DO $$
DECLARE
    own oid[] := '{pgml.projects,pgml.snapshots,pgml.models,pgml.artifacts,pgml.deployments}'::regclass[];
    views oid[] := '{pgml.overview,pgml.deployed_models,pgml.trained_models,pgml.algorithms}'::regclass[];
    kept oid[] := ARRAY[
        'pgml.version()'::regprocedure,
        'pgml.load_dataset(text)'::regprocedure,
        'pgml.train(text, text, text, text, text, jsonb, text, jsonb, jsonb, float8, text, jsonb, boolean)'::regprocedure,
        'pgml.deploy(text, text, text)'::regprocedure,
        'pgml.hyperparameters(text, text)'::regprocedure,
        'pgml.predict(text, float8[])'::regprocedure
    ];
    dropped oid[] := ARRAY[
        'pgml._python(text, jsonb)'::regprocedure,
        'pgml._raise(jsonb)'::regprocedure,
        'pgml._call(text, jsonb)'::regprocedure,
        'pgml._predict(text, float8[], float8)'::regprocedure,
        'pgml._load(text, float8, text, bytea)'::regprocedure,
        'pgml._predict_carefully(text, float8[], bytea)'::regprocedure,
        'pgml._predict_first(text, float8[], float8)'::regprocedure,
        'pgml._not_deployed(text, boolean)'::regprocedure,
        'pgml._distrust(float8)'::regprocedure,
        'pgml._deployments_changed()'::regprocedure
    ];
    snapshots oid[] := ARRAY(
        SELECT c.oid FROM pgml.snapshots AS s
        JOIN pg_class AS c ON c.relnamespace = 'pgml'::regnamespace AND c.relkind = 'r' AND c.relname = 'snapshot_' || s.id
    );
    own_trigger oid := (
        SELECT oid FROM pg_trigger
        WHERE tgrelid = 'pgml.deployments'::regclass AND tgname = 'changed' AND tgfoid = 'pgml._deployments_changed'::regproc
    );
    found text;
BEGIN

    found := (
        SELECT string_agg(pg_describe_object(classid, objid, 0), ', ' ORDER BY classid, objid)
        FROM pg_depend AS inside LEFT JOIN pg_class AS c ON classid = 'pg_class'::regclass AND c.oid = objid
        WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'pgml'::regnamespace
            AND classid <> 'pg_default_acl'::regclass
            AND NOT (classid = 'pg_proc'::regclass AND objid = ANY (kept || dropped))
            AND NOT (c.oid IS NOT NULL AND (
                c.oid = ANY (own || views || snapshots)
                OR (c.relkind = 'r' AND obj_description(c.oid, 'pg_class') IS NOT DISTINCT FROM 'a data set that pgml.load_dataset loaded')
                OR EXISTS (
                    SELECT FROM pg_depend AS column_of
                    WHERE column_of.classid = 'pg_class'::regclass AND column_of.objid = c.oid AND c.relkind = 'S'
                        AND column_of.refobjid = ANY (own) AND column_of.deptype = 'i'
                )
            ))
    );
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING
            errcode = 'ML020',
            message = 'schema pgml holds what is not pgml''s own: ' || found,
            hint = 'look at it, drop it or move it to another schema, then install again';
    END IF;

    found := (
        SELECT string_agg(format('trigger %I on %s', tgname, tgrelid::regclass), ', ' ORDER BY tgrelid, tgname)
        FROM pg_trigger
        WHERE NOT tgisinternal AND tgrelid = ANY (own) AND oid <> own_trigger
    );
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING
            errcode = 'ML020',
            message = 'pgml''s tables have triggers that are not pgml''s own: ' || found,
            hint = 'look at them and drop them, then install again';
    END IF;

    -- What hangs on what is dropped; of a snapshot also indexes, constraints, statistics, policies: their
    -- expressions would be evaluated where its rows are read.
    WITH going AS (
        SELECT 'pg_proc'::regclass AS classid, unnest(dropped) AS objid
        UNION ALL SELECT 'pg_class'::regclass, unnest(views || snapshots)
        UNION ALL
        SELECT 'pg_type'::regclass, type.oid
        FROM pg_class AS c JOIN pg_type AS type ON type.oid = c.reltype OR type.typelem = c.reltype
        WHERE c.oid = ANY (views || snapshots) AND c.reltype <> 0
    )
    SELECT string_agg(DISTINCT format(
        '%s (on %s)',
        pg_describe_object(
            CASE WHEN rule.oid IS NULL THEN hanging.classid ELSE 'pg_class'::regclass END,
            coalesce(rule.ev_class, hanging.objid),
            CASE WHEN rule.oid IS NULL THEN hanging.objsubid ELSE 0 END
        ),
        pg_describe_object(going.classid, going.objid, 0)
    ), ', ') INTO found
    FROM going
    JOIN pg_depend AS hanging ON hanging.refclassid = going.classid AND hanging.refobjid = going.objid
    LEFT JOIN pg_rewrite AS rule ON hanging.classid = 'pg_rewrite'::regclass AND rule.oid = hanging.objid
    WHERE NOT EXISTS (SELECT FROM going AS also WHERE also.classid = hanging.classid AND also.objid = hanging.objid)
        AND (rule.ev_class = ANY (views)) IS NOT TRUE
        AND NOT (hanging.classid = 'pg_class'::regclass AND hanging.deptype = 'i') -- the table that holds long values
        AND NOT (hanging.classid = 'pg_trigger'::regclass AND hanging.objid = own_trigger);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING
            errcode = 'ML020',
            message = 'what depends on parts of version 1 would be lost with them: ' || found,
            hint = 'drop it, install again, and make it anew on what pgml has then';
    END IF;

    -- Whoever trained could write any bytes, and their digest is the name of a file.
    found := (
        SELECT string_agg(format('model %s', id), ', ' ORDER BY id)
        FROM pgml.models JOIN pgml.artifacts ON model_id = id
        WHERE digest <> encode(sha256(predictor), 'hex')
    );
    IF found IS NOT NULL THEN
        RAISE EXCEPTION USING
            errcode = 'ML020',
            message = 'the predictors of these models are not those that were trained, since their digests differ: ' || found,
            hint = 'delete them (DELETE FROM pgml.models WHERE id = ...), install again, and train them again';
    END IF;
END
$$;

DROP VIEW pgml.overview, pgml.deployed_models, pgml.trained_models, pgml.algorithms;
DROP TRIGGER changed ON pgml.deployments;
DROP FUNCTION pgml._deployments_changed(), pgml._distrust(float8), pgml._not_deployed(text, boolean),
    pgml._predict_first(text, float8[], float8), pgml._predict_carefully(text, float8[], bytea),
    pgml._load(text, float8, text, bytea), pgml._predict(text, float8[], float8),
    pgml._call(text, jsonb), pgml._raise(jsonb), pgml._python(text, jsonb);

ALTER TABLE pgml.projects SET SCHEMA pgml_internal;
ALTER TABLE pgml.snapshots SET SCHEMA pgml_internal;
ALTER TABLE pgml.models SET SCHEMA pgml_internal;
ALTER TABLE pgml.artifacts SET SCHEMA pgml_internal;
ALTER TABLE pgml.deployments SET SCHEMA pgml_internal;

ALTER TABLE pgml_internal.projects ADD rights regclass;
ALTER TABLE pgml_internal.models ALTER CONSTRAINT models_snapshot_id_fkey DEFERRABLE INITIALLY DEFERRED;

-- The predictor of a compiled model is the model.
ALTER TABLE pgml_internal.artifacts ALTER estimator DROP NOT NULL;
UPDATE pgml_internal.artifacts SET estimator = NULL
    FROM pgml_internal.models AS model
    WHERE model.id = model_id AND model.served_by = 'backend';
