-- Asks again for the role that asked last, and is therefore called by pgml_internal.answer_rows alone.
CREATE OR REPLACE FUNCTION pgml_internal.predict_rows(features float8[][], before integer) RETURNS float8[]
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.ask_on("predict_rows", [features, before])
$$;
COMMENT ON FUNCTION pgml_internal.predict_rows IS
    'As pgml_internal.predict; for a slice of an array of rows, so many of which came before.';
