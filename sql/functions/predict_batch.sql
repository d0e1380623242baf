-- By the door in C where the server has it, else by that of PL/Python: see ../doors/predict.sql.
CREATE OR REPLACE FUNCTION pgml.predict_batch(project_name text, features float8[][]) RETURNS SETOF float8
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT * FROM pgml_doors.predict_batch($1, $2)';
COMMENT ON FUNCTION pgml.predict_batch(text, float8[]) IS
    'The predictions of the project''s deployed model for an array of rows, in their order.';
