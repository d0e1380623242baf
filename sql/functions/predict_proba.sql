-- By the door in C where the server has it, else by that of PL/Python: see ../doors/predict.sql.
CREATE OR REPLACE FUNCTION pgml.predict_proba(project_name text, features float8[]) RETURNS float8[]
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pgml_doors.predict_proba($1, $2)';
COMMENT ON FUNCTION pgml.predict_proba(text, float8[]) IS
    'The probability of each class by the project''s deployed model, in the order of pgml.classes.';
