-- What the last call of pgml_internal.predict left to be done: its project, and the role that called it, which
-- a SECURITY DEFINER function cannot know. Each call is handed out once.
CREATE OR REPLACE FUNCTION pgml_internal.asked(OUT project_name text, OUT role oid, OUT error jsonb)
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.asked()
$$;
COMMENT ON FUNCTION pgml_internal.asked IS 'The prediction that waits for its model to be looked up: of which project, for which role.';
