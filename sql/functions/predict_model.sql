CREATE OR REPLACE FUNCTION pgml.predict_model(model_id bigint, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.predict_model(model_id, features), (pgml_internal.answer_first()).prediction);
COMMENT ON FUNCTION pgml.predict_model(bigint, float8[]) IS 'The prediction of a model, deployed or not.';
