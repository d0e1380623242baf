CREATE OR REPLACE FUNCTION pgml_doors.predict_proba(project_name character varying, features float8[]) RETURNS float8[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.predict_proba(project_name, features), (pgml_internal.answer_first()).numbers);
COMMENT ON FUNCTION pgml_doors.predict_proba(character varying, float8[]) IS 'pgml.predict_proba through PL/Python.';
