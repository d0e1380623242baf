CREATE OR REPLACE FUNCTION pgml_doors.predict_model(model_id numeric, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.predict_model(model_id::bigint, features), (pgml_internal.answer_first()).prediction);
COMMENT ON FUNCTION pgml_doors.predict_model(numeric, float8[]) IS 'pgml.predict_model through PL/Python.';
