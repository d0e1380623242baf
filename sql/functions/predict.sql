-- By the door in C where the server has it, else by that of PL/Python: see ../doors/predict.sql.
CREATE OR REPLACE FUNCTION pgml.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pgml_doors.predict($1, $2)';
COMMENT ON FUNCTION pgml.predict(text, float8[]) IS
    'The prediction of the project''s deployed model; features in the order of the columns it was trained on.';
