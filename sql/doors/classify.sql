CREATE OR REPLACE FUNCTION pgml_doors.classify(project_name character varying, features float8[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.classify(project_name, features), (pgml_internal.answer_first()).prediction)::text;
COMMENT ON FUNCTION pgml_doors.classify(character varying, float8[]) IS 'pgml.classify through PL/Python.';
