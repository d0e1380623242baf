-- By the door in C where the server has it, else by that of PL/Python: see ../doors/predict.sql.
CREATE OR REPLACE FUNCTION pgml.predict_model(model_id bigint, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pgml_doors.predict_model($1, $2)';
COMMENT ON FUNCTION pgml.predict_model(bigint, float8[]) IS 'The prediction of a model, deployed or not.';
