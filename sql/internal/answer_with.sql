-- Makes the model of that digest answer the role that asked, for the rest of the statement. Not done where its
-- bytes are needed and were not given, or are not sound.
CREATE OR REPLACE FUNCTION pgml_internal.answer_with(digest text, predictor bytea, OUT done boolean, OUT error jsonb)
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.answer_with(digest, predictor)
$$;
COMMENT ON FUNCTION pgml_internal.answer_with IS 'Chooses the model that answers what was asked.';
