-- The one door from SQL to Python. What Python refuses comes back as a value and is raised here, because an
-- error that PL/Python raises itself carries the name of a Python class in its message.
CREATE OR REPLACE FUNCTION pgml._python(verb text, arguments jsonb) RETURNS jsonb
LANGUAGE plpython3u AS $$
from pgml import plpython
return plpython.call(plpy, verb, arguments)
$$;

CREATE OR REPLACE FUNCTION pgml._raise(error jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION USING
        errcode = error ->> 'sqlstate',
        message = error ->> 'message',
        detail = coalesce(error ->> 'detail', ''),
        hint = coalesce(error ->> 'hint', '');
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
