-- The fast door: the functions that predict, by the module in C at :door, which has those of PL/Python at hand. A server
-- without that file cannot run them: installing again, without the door, puts the others back.
CREATE OR REPLACE FUNCTION pgml_internal.predict_array(project_name text, features anyarray) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict';
COMMENT ON FUNCTION pgml_internal.predict_array IS 'pgml.predict of numbers of another type.';

CREATE OR REPLACE FUNCTION pgml_internal.predict_row(project_name text, VARIADIC features "any") RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_row';
COMMENT ON FUNCTION pgml_internal.predict_row IS 'pgml.predict of an array that need not be made.';

CREATE OR REPLACE FUNCTION pgml_internal.simplify(internal) RETURNS internal
LANGUAGE c STRICT AS :'door', 'pgml_simplify';
COMMENT ON FUNCTION pgml_internal.simplify IS 'Has the planner put the two above in the place of pgml.predict.';

REVOKE ALL ON FUNCTION pgml_internal.predict_array(text, anyarray), pgml_internal.predict_row(text, VARIADIC "any"),
    pgml_internal.simplify(internal) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgml_internal.predict_array(text, anyarray), pgml_internal.predict_row(text, VARIADIC "any") TO PUBLIC;

CREATE OR REPLACE FUNCTION pgml.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 SUPPORT pgml_internal.simplify AS :'door', 'pgml_predict';

CREATE OR REPLACE FUNCTION pgml.predict_model(model_id bigint, features float8[]) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_model';

CREATE OR REPLACE FUNCTION pgml.classify(project_name text, features float8[]) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_classify';

CREATE OR REPLACE FUNCTION pgml.predict_proba(project_name text, features float8[]) RETURNS float8[]
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_proba';

CREATE OR REPLACE FUNCTION pgml.predict_batch(project_name text, features float8[][]) RETURNS SETOF float8
LANGUAGE c STABLE PARALLEL SAFE COST 1000 AS :'door', 'pgml_predict_batch';
