CREATE OR REPLACE FUNCTION pgml.predict_proba(project_name text, features float8[]) RETURNS float8[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.predict_proba(project_name, features), (pgml_internal.answer_first()).numbers);
COMMENT ON FUNCTION pgml.predict_proba(text, float8[]) IS
    'The probability of each class by the project''s deployed model, in the order of pgml.classes.';
