-- Raises what Python refused, which comes back as a value: an error that PL/Python raises itself carries the
-- name of a Python class in its message. The functions of pgml on the way, `callers` of them, stay out of the
-- error's CONTEXT.
CREATE OR REPLACE FUNCTION pgml_internal.raise(error jsonb, callers integer) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    code text := error ->> 'sqlstate';
    said text := error ->> 'message';
    details text := error ->> 'detail';
    advice text := error ->> 'hint';
    hidden boolean := pgml_internal.hide_context(callers + 1);
BEGIN
    -- RAISE takes no NULL for what is left out, and prints what is empty.
    IF details IS NULL AND advice IS NULL THEN
        RAISE EXCEPTION USING errcode = code, message = said;
    ELSIF details IS NULL THEN
        RAISE EXCEPTION USING errcode = code, message = said, hint = advice;
    ELSIF advice IS NULL THEN
        RAISE EXCEPTION USING errcode = code, message = said, detail = details;
    ELSE
        RAISE EXCEPTION USING errcode = code, message = said, detail = details, hint = advice;
    END IF;
END
$$;
COMMENT ON FUNCTION pgml_internal.raise IS 'Raises an error {sqlstate, message, detail, hint}; never returns.';
