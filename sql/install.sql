-- Installs pgml into the current database, or brings an installed one up to date, in one transaction. Run as a
-- superuser, who then owns it:
--
--     psql -f sql/install.sql
--
-- With `-v door=PATH`, predictions are made by the module in C at that path, which pgml install builds for the server.
-- The server must have PL/Python, and its Python must be able to import pgml: `pgml doctor` checks both.
\set ON_ERROR_STOP on
\set QUIET on
\set schema_version 2

BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL client_min_messages = warning;
-- What follows must mean the same whatever others have put into other schemas.
SET LOCAL search_path = pg_catalog, pg_temp;
-- Rows of snapshots are copied in the order in which they lie.
SET LOCAL synchronize_seqscans = off;
-- DO blocks know nothing of psql's variables.
SELECT set_config('pgml.schema_version', :'schema_version', true) \gset

\ir before.sql

SELECT to_regclass('pgml_internal.schema_versions') IS NULL AS is_unversioned \gset
SELECT :'is_unversioned'::boolean AND to_regclass('pgml.artifacts') IS NOT NULL AS is_version_1 \gset
-- Also where an administrator has dropped a part.
SELECT :'is_unversioned'::boolean OR to_regnamespace('pgml') IS NULL OR to_regnamespace('pgml_snapshots') IS NULL
        OR to_regnamespace('pgml_doors') IS NULL
    AS is_new \gset

CREATE EXTENSION IF NOT EXISTS plpython3u;
CREATE SCHEMA IF NOT EXISTS pgml;
CREATE SCHEMA IF NOT EXISTS pgml_internal;
CREATE SCHEMA IF NOT EXISTS pgml_snapshots;
CREATE SCHEMA IF NOT EXISTS pgml_doors;
COMMENT ON SCHEMA pgml IS 'pgml: machine learning inside PostgreSQL';
COMMENT ON SCHEMA pgml_internal IS 'What pgml is made of: nobody but its owner needs to look in here';
COMMENT ON SCHEMA pgml_snapshots IS 'The rows that models of pgml were trained on: a table a snapshot';
COMMENT ON SCHEMA pgml_doors IS 'What the functions of schema pgml that predict call: in C where the server has that, and in PL/Python';

\if :is_version_1
\ir migrations/0002_before.sql
\endif

\ir tables/projects.sql
\ir tables/snapshots.sql
\ir tables/models.sql
\ir tables/artifacts.sql
\ir tables/deployments.sql
\ir tables/schema_versions.sql
SELECT coalesce(max(version), CASE WHEN :'is_version_1' THEN 1 ELSE 0 END) AS version_before
    FROM pgml_internal.schema_versions \gset
INSERT INTO pgml_internal.schema_versions (version) VALUES (:schema_version) ON CONFLICT (version) DO NOTHING;

\ir internal/hide_context.sql
\ir internal/raise.sql
\ir internal/result.sql
\ir internal/call.sql
\ir internal/algorithms.sql
\ir internal/role_name.sql
\ir internal/close.sql
\ir internal/change_rights.sql
\ir internal/create_rights.sql
\ir internal/create_project.sql
\ir internal/create_snapshot.sql
\ir internal/seal_snapshot.sql
\ir internal/deployments_changed.sql
\ir internal/clean_up.sql
\ir internal/predict.sql
\ir internal/asked.sql
\ir internal/answer_with.sql
\ir internal/answer_carefully.sql
\ir internal/cannot_answer.sql
\ir internal/answer_first.sql
\ir internal/predict_rows.sql
\ir internal/answer_rows.sql
\ir internal/run.sql

\ir doors/predict.sql
\ir doors/predict_model.sql
\ir doors/classify.sql
\ir doors/predict_proba.sql
\ir doors/predict_batch.sql

\ir functions/version.sql
\ir functions/load_dataset.sql
\ir functions/train.sql
\ir functions/deploy.sql
\ir functions/hyperparameters.sql
\ir functions/predict.sql
\ir functions/predict_model.sql
\ir functions/classify.sql
\ir functions/predict_proba.sql
\ir functions/predict_batch.sql
\ir functions/classes.sql
\ir functions/score.sql
\ir functions/score_proba.sql
\ir functions/grant.sql
\ir functions/revoke.sql
\ir functions/export_sql.sql
\ir functions/export_model.sql

\ir views/projects.sql
\ir views/snapshots.sql
\ir views/models.sql
\ir views/deployments.sql
\ir views/algorithms.sql
\ir views/trained_models.sql
\ir views/deployed_models.sql
\ir views/overview.sql
\ir views/grants.sql
\ir views/schema_version.sql

-- Once: what the administrator gives or takes afterwards stays.
\if :is_new
\ir rights.sql
\endif
\if :is_version_1
\ir migrations/0002_after.sql
\endif
\if :is_new
\ir closed.sql
\endif
\if :{?door}
\ir door.sql
\else
\ir no_door.sql
\endif
\ir strangers.sql

SELECT :version_before = 0 AS is_made, :version_before NOT IN (0, :schema_version) AS is_upgraded \gset
COMMIT;

\if :is_made
\echo The schema is installed, in version :schema_version.
\elif :is_upgraded
\echo The schema is upgraded from version :version_before to version :schema_version.
\endif
