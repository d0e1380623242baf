-- The fast door: the functions that predict, by the module in C at :door, which has those of PL/Python at hand.
--
-- What is declared with the module's path lies in pg_catalog, which pg_dump leaves out: restoring such a function fails on
-- a server without that file, and with it whatever uses it. What users call names it in a body that is read when it is used,
-- so that a dump is restored anywhere; there, installing again makes the functions behind.
CREATE OR REPLACE FUNCTION pg_catalog.pgml_predict_array(project_name text, features anyarray) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict';

CREATE OR REPLACE FUNCTION pg_catalog.pgml_predict_row(project_name text, VARIADIC features "any") RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_row';

-- Has the planner put the two above in the place of the next.
CREATE OR REPLACE FUNCTION pg_catalog.pgml_simplify(internal) RETURNS internal
LANGUAGE c STRICT AS :'door', 'pgml_simplify';

CREATE OR REPLACE FUNCTION pg_catalog.pgml_predict(project_name text, features float8[]) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 SUPPORT pg_catalog.pgml_simplify AS :'door', 'pgml_predict';

CREATE OR REPLACE FUNCTION pg_catalog.pgml_predict_model(model_id bigint, features float8[]) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_model';

CREATE OR REPLACE FUNCTION pg_catalog.pgml_classify(project_name text, features float8[]) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_classify';

CREATE OR REPLACE FUNCTION pg_catalog.pgml_predict_proba(project_name text, features float8[]) RETURNS float8[]
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_proba';

CREATE OR REPLACE FUNCTION pg_catalog.pgml_predict_batch(project_name text, features float8[][]) RETURNS SETOF float8
LANGUAGE c STABLE PARALLEL SAFE COST 1000 AS :'door', 'pgml_predict_batch';

CREATE OR REPLACE FUNCTION pgml.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.pgml_predict($1, $2)';

CREATE OR REPLACE FUNCTION pgml.predict_model(model_id bigint, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.pgml_predict_model($1, $2)';

CREATE OR REPLACE FUNCTION pgml.classify(project_name text, features float8[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.pgml_classify($1, $2)';

CREATE OR REPLACE FUNCTION pgml.predict_proba(project_name text, features float8[]) RETURNS float8[]
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.pgml_predict_proba($1, $2)';

CREATE OR REPLACE FUNCTION pgml.predict_batch(project_name text, features float8[][]) RETURNS SETOF float8
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.pgml_predict_batch($1, $2)';
