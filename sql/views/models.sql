CREATE OR REPLACE VIEW pgml.models WITH (security_barrier) AS
    SELECT
        model.id,
        model.project_id,
        model.snapshot_id,
        model.algorithm_name,
        model.hyperparams,
        model.test_size,
        model.test_sampling,
        model.features,
        model.metrics,
        model.served_by,
        model.plugin_name,
        model.plugin_version,
        model.digest,
        model.created_at
    FROM pgml_internal.models AS model
    JOIN pgml_internal.projects AS project ON project.id = model.project_id
    WHERE has_column_privilege(project.rights, 'read', 'REFERENCES')
    ORDER BY model.id;
COMMENT ON VIEW pgml.models IS 'All there is to know of each model, of the projects that you may read.';
COMMENT ON COLUMN pgml.models.id IS 'Its number.';
COMMENT ON COLUMN pgml.models.project_id IS 'The project that it was trained for.';
COMMENT ON COLUMN pgml.models.snapshot_id IS 'The rows that it was trained on.';
COMMENT ON COLUMN pgml.models.algorithm_name IS 'The algorithm.';
COMMENT ON COLUMN pgml.models.hyperparams IS 'Every hyperparameter, given or default.';
COMMENT ON COLUMN pgml.models.test_size IS 'How much was held back to test on: a fraction below 1, else a number of rows.';
COMMENT ON COLUMN pgml.models.test_sampling IS 'How the rows to test on were chosen.';
COMMENT ON COLUMN pgml.models.features IS 'What pgml.predict takes, in this order.';
COMMENT ON COLUMN pgml.models.metrics IS 'Its scores on the rows held back, and how many seconds fitting and scoring took.';
COMMENT ON COLUMN pgml.models.served_by IS 'Who makes its predictions: backend (compiled) or engine (its plugin''s own code).';
COMMENT ON COLUMN pgml.models.plugin_name IS 'The package that the algorithm came from.';
COMMENT ON COLUMN pgml.models.plugin_version IS 'The version of that package.';
COMMENT ON COLUMN pgml.models.digest IS 'SHA-256 of the predictor: models that predict alike to the last bit share it.';
COMMENT ON COLUMN pgml.models.created_at IS 'When it was trained.';
