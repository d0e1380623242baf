-- The result in an answer of pgml_internal.call, or its error, raised. Called in functions of schema pgml only.
CREATE OR REPLACE FUNCTION pgml_internal.result(answer jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    raised boolean;
BEGIN
    IF answer ? 'error' THEN
        raised := pgml_internal.raise(answer -> 'error', 2); -- this function, and the one that was called
    END IF;
    RETURN answer -> 'result';
END
$$;
COMMENT ON FUNCTION pgml_internal.result IS 'Returns the result in an answer of pgml_internal.call, or raises its error.';
