-- What a training left behind, as bytes, beside pgml.models so that reading that table stays cheap.
CREATE TABLE IF NOT EXISTS pgml.artifacts (
    model_id bigint PRIMARY KEY REFERENCES pgml.models ON DELETE CASCADE,
    predictor bytea NOT NULL,             -- what predictions are computed from (safetensors): the model, where it is compiled
    estimator bytea,                      -- of a model that is not: the estimator, as its plugin saved it (never pickle)
    test_rows bytea NOT NULL              -- the split: one bit a row of the snapshot, 1 for test, first row first
);
-- Both are compressed badly and read whole.
ALTER TABLE pgml.artifacts ALTER predictor SET STORAGE EXTERNAL, ALTER estimator SET STORAGE EXTERNAL;
