-- Installs pgml into the current database, or brings an installed one up to date. Run as a superuser:
--
--     psql -f sql/install.sql
--
-- The server must have PL/Python, and its Python must be able to import pgml: `pgml doctor` checks both.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

BEGIN;

CREATE EXTENSION IF NOT EXISTS plpython3u;
CREATE SCHEMA IF NOT EXISTS pgml;
COMMENT ON SCHEMA pgml IS 'pgml: machine learning inside PostgreSQL';

\ir tables/projects.sql
\ir tables/snapshots.sql
\ir tables/models.sql
\ir tables/artifacts.sql
\ir tables/deployments.sql

\ir functions/call.sql
\ir functions/version.sql
\ir functions/load_dataset.sql
\ir functions/train.sql
\ir functions/deploy.sql
\ir functions/hyperparameters.sql
\ir functions/serving.sql
\ir functions/predict.sql
\ir functions/distrust.sql

\ir views/algorithms.sql
\ir views/trained_models.sql
\ir views/deployed_models.sql
\ir views/overview.sql

COMMIT;

RESET client_min_messages;
