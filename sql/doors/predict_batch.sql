CREATE OR REPLACE FUNCTION pgml_doors.predict_batch(project_name character varying, features float8[][]) RETURNS SETOF float8
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT unnest(coalesce(
        pgml_internal.predict_batch(project_name, CASE WHEN given.features IS NOT NULL THEN ARRAY(
            SELECT array_length(given.features, dimension) FROM generate_series(1, array_ndims(given.features)) AS dimension
        ) END),
        pgml_internal.answer_rows(given.features)
    ))
    FROM (SELECT features OFFSET 0) AS given; -- so that it is made once
END;
COMMENT ON FUNCTION pgml_doors.predict_batch(character varying, float8[]) IS 'pgml.predict_batch through PL/Python.';
