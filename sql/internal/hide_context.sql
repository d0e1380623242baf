CREATE OR REPLACE FUNCTION pgml_internal.hide_context(frames integer) RETURNS boolean
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import control
control.hide_context(frames)
return True
$$;
COMMENT ON FUNCTION pgml_internal.hide_context IS 'Leaves the innermost functions that are at work now out of the CONTEXT of an error to come.';
