-- The prediction that was asked for, or what is the matter with its row, or what is needed first: 'estimator'
-- (its saved bytes) or 'time' (the engine is at work).
CREATE OR REPLACE FUNCTION pgml_internal.predict_carefully(
    estimator bytea,
    OUT prediction float8, OUT needs text, OUT error jsonb
) LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.predict_carefully(estimator)
$$;
COMMENT ON FUNCTION pgml_internal.predict_carefully IS 'The prediction that was asked for, made with a close look at its row.';
