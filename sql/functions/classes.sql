CREATE OR REPLACE FUNCTION pgml.classes(project_name text) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.classes(project_name), (pgml_internal.answer_first()).numbers)::text[];
COMMENT ON FUNCTION pgml.classes(text) IS 'The labels that the project''s deployed model tells apart, in order.';
