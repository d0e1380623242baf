-- By the door in C where the server has it, else by that of PL/Python: see ../doors/predict.sql.
CREATE OR REPLACE FUNCTION pgml.classify(project_name text, features float8[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pgml_doors.classify($1, $2)';
COMMENT ON FUNCTION pgml.classify(text, float8[]) IS 'The label that the project''s deployed model gives to a row.';
