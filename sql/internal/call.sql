-- The one door from SQL to Python on the way of everything but predictions. Called by the functions of schema
-- pgml, as their caller; no role can name it but the owner. `path` is the caller's search_path, in which the
-- names that the caller typed are looked up; all else is looked up in pg_catalog.
CREATE OR REPLACE FUNCTION pgml_internal.call(verb text, arguments jsonb, path text) RETURNS jsonb
LANGUAGE plpython3u
SET search_path = pg_catalog, pg_temp
AS $$
from pgml.backend import door
return door.call(plpy, verb, arguments, path)
$$;
COMMENT ON FUNCTION pgml_internal.call IS 'Does what a function of schema pgml is asked for: {"result": ...} or {"error": {...}}.';
