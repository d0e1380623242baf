-- What the last call of a function of internal/predict.sql left to be done: of which project or model, and the role that
-- called it, which a SECURITY DEFINER function cannot know. Each call is handed out once.
CREATE OR REPLACE FUNCTION pgml_internal.asked(OUT project_name text, OUT model_id bigint, OUT role oid, OUT error jsonb)
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.asked()
$$;
COMMENT ON FUNCTION pgml_internal.asked IS 'The answer that waits for its model to be looked up: of what, for which role.';
