CREATE OR REPLACE FUNCTION pgml.predict_batch(project_name text, features float8[][]) RETURNS SETOF float8
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT unnest(coalesce(pgml_internal.predict_batch(project_name, features), (pgml_internal.answer_first()).numbers));
END;
COMMENT ON FUNCTION pgml.predict_batch(text, float8[]) IS
    'The predictions of the project''s deployed model for an array of rows, in their order.';
