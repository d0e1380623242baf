-- Who may do what without a grant. Only names in schema pgml can be used, by the roles that were given USAGE on
-- it; what those functions and views call in turn was bound when they were made, and needs no name. Rights in a
-- project are those of its own (internal/create_rights.sql).
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgml, pgml_internal, pgml_doors FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA pgml_internal FROM PUBLIC;

-- A role that trains reads its relation and fills the snapshot as itself, and has to name it.
GRANT USAGE ON SCHEMA pgml_snapshots TO PUBLIC;
-- The names in here are looked up for whoever predicts; see doors/predict.sql.
GRANT USAGE ON SCHEMA pgml_doors TO PUBLIC;

-- These ask for rights in a project, or tell what everybody may know. Not among them: pgml.train and
-- pgml.load_dataset, which use the machine and are for the administrator to give.
GRANT EXECUTE ON FUNCTION pgml.version(), pgml.hyperparameters(text, text), pgml.predict(text, float8[]),
    pgml.predict_model(bigint, float8[]), pgml.classify(text, float8[]), pgml.predict_proba(text, float8[]),
    pgml.predict_batch(text, float8[]), pgml.classes(text), pgml.score(text, text, text),
    pgml.score_proba(text, text, text), pgml.deploy(text, text, text), pgml.grant(text, text, regrole),
    pgml.revoke(text, text, regrole), pgml.export_sql(text, text), pgml.export_sql(bigint, text), pgml.export_model(text, text),
    pgml.export_model(bigint, text), pgml_doors.predict(varchar, float8[]), pgml_doors.predict_model(numeric, float8[]),
    pgml_doors.classify(varchar, float8[]), pgml_doors.predict_proba(varchar, float8[]),
    pgml_doors.predict_batch(varchar, float8[]) TO PUBLIC;
GRANT SELECT ON pgml.projects, pgml.snapshots, pgml.models, pgml.deployments, pgml.trained_models,
    pgml.deployed_models, pgml.overview, pgml.grants, pgml.algorithms, pgml.schema_version TO PUBLIC;

-- What those are made of. The first ones take what the functions of schema pgml take, and act as their caller.
GRANT EXECUTE ON FUNCTION pgml_internal.call(text, jsonb, text), pgml_internal.predict(text, float8[]),
    pgml_internal.predict_model(bigint, float8[]), pgml_internal.classify(text, float8[]),
    pgml_internal.predict_proba(text, float8[]), pgml_internal.predict_batch(text, integer[]), pgml_internal.classes(text),
    pgml_internal.result(jsonb), pgml_internal.run(text), pgml_internal.answer_first(), pgml_internal.answer_rows(float8[]),
    pgml_internal.algorithms() TO PUBLIC;
