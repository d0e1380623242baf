-- From version 1 (pgml 0.1) to 2, the first half: pgml's own tables go to pgml_internal, and what the second
-- version defines anew makes way for it.

-- In version 1 those who train could create objects in schema pgml. None may be there that a call could find in
-- the place of pgml's own.
DO $$
DECLARE
    strange text := (
        SELECT string_agg(pg_describe_object(classid, objid, 0), ', ' ORDER BY classid, objid)
        FROM pg_depend
        WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'pgml'::regnamespace
            AND classid <> 'pg_class'::regclass
            AND NOT (classid = 'pg_proc'::regclass AND objid = ANY (ARRAY[
                to_regprocedure('pgml._python(text, jsonb)'),
                to_regprocedure('pgml._raise(jsonb)'),
                to_regprocedure('pgml._call(text, jsonb)'),
                to_regprocedure('pgml._predict(text, float8[], float8)'),
                to_regprocedure('pgml._load(text, float8, text, bytea)'),
                to_regprocedure('pgml._predict_carefully(text, float8[], bytea)'),
                to_regprocedure('pgml._predict_first(text, float8[], float8)'),
                to_regprocedure('pgml._not_deployed(text, boolean)'),
                to_regprocedure('pgml._distrust(float8)'),
                to_regprocedure('pgml._deployments_changed()'),
                to_regprocedure('pgml.version()'),
                to_regprocedure('pgml.load_dataset(text)'),
                to_regprocedure(
                    'pgml.train(text, text, text, text, text, jsonb, text, jsonb, jsonb, float8, text, jsonb, boolean)'
                ),
                to_regprocedure('pgml.deploy(text, text, text)'),
                to_regprocedure('pgml.hyperparameters(text, text)'),
                to_regprocedure('pgml.predict(text, float8[])')
            ]::oid[]))
    );
    triggers text := (
        SELECT string_agg(format('trigger %I on %s', tgname, tgrelid::regclass), ', ' ORDER BY tgname)
        FROM pg_trigger
        WHERE NOT tgisinternal AND tgname <> 'changed'
            AND tgrelid IN ('pgml.projects'::regclass, 'pgml.snapshots'::regclass, 'pgml.models'::regclass,
                            'pgml.artifacts'::regclass, 'pgml.deployments'::regclass)
    );
BEGIN
    IF strange IS NOT NULL OR triggers IS NOT NULL THEN
        RAISE EXCEPTION USING
            message = 'schema pgml holds what is not pgml''s own: ' || concat_ws(', ', strange, triggers),
            hint = 'look at it, drop it or move it to another schema, then install again';
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

-- The predictor of a compiled model is the model.
ALTER TABLE pgml_internal.artifacts ALTER estimator DROP NOT NULL;
UPDATE pgml_internal.artifacts SET estimator = NULL
    FROM pgml_internal.models AS model
    WHERE model.id = model_id AND model.served_by = 'backend';
