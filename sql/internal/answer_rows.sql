-- The answers to the rows that pgml_internal.predict_batch was asked for a moment ago. PL/Python makes an object of each number:
-- of millions at once they would fill the memory, and nobody could cancel it. So it is looked first whether the role that
-- asked may ask for rows like these, and then at a slice at a time.
CREATE OR REPLACE FUNCTION pgml_internal.answer_rows(features float8[][]) RETURNS float8[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0 -- what was asked waits in the memory of this process
BEGIN ATOMIC
    SELECT pgml_internal.hide_context(1);
    SELECT pgml_internal.answer_first();
    -- Replaced, the array is read from where it is stored once and not for each slice; nor is it walked from its beginning
    -- to each slice, as PostgreSQL does where there are NULLs.
    SELECT coalesce(array_agg(answer), '{}')
    FROM (SELECT array_replace(features, NULL, 'NaN') AS whole OFFSET 0) AS given
    CROSS JOIN LATERAL (
        SELECT array_lower(given.whole, 1) AS low, array_upper(given.whole, 1) AS high,
            greatest(1, 50000 / array_length(given.whole, 2)) AS step
    ) AS rows
    CROSS JOIN LATERAL generate_series(rows.low, rows.high, rows.step) AS first
    CROSS JOIN LATERAL unnest(coalesce(
        pgml_internal.predict_rows(
            given.whole[first:least(first::bigint + rows.step - 1, rows.high)::integer], first - rows.low
        ),
        (pgml_internal.answer_first()).numbers
    )) AS answer;
END;
COMMENT ON FUNCTION pgml_internal.answer_rows IS 'The answers to rows, for the role and the project that pgml_internal.predict_batch was called for.';
