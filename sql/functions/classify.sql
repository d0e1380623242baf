CREATE OR REPLACE FUNCTION pgml.classify(project_name text, features float8[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.classify(project_name, features), (pgml_internal.answer_first()).prediction)::text;
COMMENT ON FUNCTION pgml.classify(text, float8[]) IS 'The label that the project''s deployed model gives to a row.';
