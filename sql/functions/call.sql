-- The one door from SQL to Python. What Python refuses comes back as a value and is raised here, because an
-- error that PL/Python raises itself carries the name of a Python class in its message.
CREATE OR REPLACE FUNCTION pgml._python(verb text, arguments jsonb) RETURNS jsonb
LANGUAGE plpython3u AS $$
from pgml.backend import door
return door.call(plpy, verb, arguments)
$$;

CREATE OR REPLACE FUNCTION pgml._raise(error jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    code text := error ->> 'sqlstate';
    said text := error ->> 'message';
    details text := error ->> 'detail';
    advice text := error ->> 'hint';
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

CREATE OR REPLACE FUNCTION pgml._call(verb text, arguments jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb := pgml._python(verb, arguments);
BEGIN
    IF answer ? 'error' THEN
        PERFORM pgml._raise(answer -> 'error');
    END IF;
    RETURN answer -> 'result';
END
$$;
