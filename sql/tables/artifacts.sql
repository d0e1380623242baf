-- What a training left behind, as bytes, beside pgml_internal.models so that reading that table stays cheap.
CREATE TABLE IF NOT EXISTS pgml_internal.artifacts (
    model_id bigint PRIMARY KEY REFERENCES pgml_internal.models ON DELETE CASCADE,
    predictor bytea NOT NULL,
    estimator bytea,
    test_rows bytea NOT NULL
);
-- Both are compressed badly and read whole.
ALTER TABLE pgml_internal.artifacts ALTER predictor SET STORAGE EXTERNAL, ALTER estimator SET STORAGE EXTERNAL;
COMMENT ON TABLE pgml_internal.artifacts IS 'The bytes of each model. No role but the owner reads them.';
COMMENT ON COLUMN pgml_internal.artifacts.predictor IS 'What predictions are computed from (safetensors; a large forest in columns).';
COMMENT ON COLUMN pgml_internal.artifacts.estimator IS
    'Of a model that only its plugin can evaluate: the fitted estimator as the plugin saved it, never pickle. NULL for a compiled one.';
COMMENT ON COLUMN pgml_internal.artifacts.test_rows IS 'The split: one bit a row of the snapshot, 1 for test, first row first.';
