CREATE OR REPLACE FUNCTION pgml_doors.predict_batch(project_name character varying, features float8[][]) RETURNS SETOF float8
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT unnest(coalesce(pgml_internal.predict_batch(project_name, features), (pgml_internal.answer_first()).numbers));
END;
COMMENT ON FUNCTION pgml_doors.predict_batch(character varying, float8[]) IS 'pgml.predict_batch through PL/Python.';
