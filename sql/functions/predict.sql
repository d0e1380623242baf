-- PostgreSQL puts the body in place of the call, so that a row costs one call of PL/Python.
CREATE OR REPLACE FUNCTION pgml.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.predict(project_name, features), (pgml_internal.answer_first()).prediction);
COMMENT ON FUNCTION pgml.predict(text, float8[]) IS
    'The prediction of the project''s deployed model; features in the order of the columns it was trained on.';
