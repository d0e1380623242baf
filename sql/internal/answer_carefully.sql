-- What was asked for (a number, or several), or what is the matter with it, or what is needed first: 'estimator' (its
-- saved bytes) or 'time' (the engine is at work).
CREATE OR REPLACE FUNCTION pgml_internal.answer_carefully(
    estimator bytea,
    OUT prediction float8, OUT numbers float8[], OUT needs text, OUT error jsonb
) LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.answer_carefully(estimator)
$$;
COMMENT ON FUNCTION pgml_internal.answer_carefully IS 'The answer to what was asked, made with a close look at its row.';
