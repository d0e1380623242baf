-- Each project that has a deployed model: what answers, since when, and what it was trained on.
CREATE OR REPLACE VIEW pgml.overview AS
    SELECT
        deployed.name,
        deployed.deployed_at,
        deployed.objective,
        deployed.algorithm_name,
        snapshot.relation_name,
        snapshot.y_column_name,
        model.test_sampling,
        model.test_size
    FROM pgml.deployed_models AS deployed
    JOIN pgml.models AS model ON model.id = deployed.id
    JOIN pgml.snapshots AS snapshot ON snapshot.id = model.snapshot_id
    ORDER BY deployed.name;
COMMENT ON VIEW pgml.overview IS 'What answers for each project that you may read, since when, and what it was trained on.';
COMMENT ON COLUMN pgml.overview.name IS 'The project.';
COMMENT ON COLUMN pgml.overview.deployed_at IS 'Since when the model answers.';
COMMENT ON COLUMN pgml.overview.objective IS 'What the project''s models do.';
COMMENT ON COLUMN pgml.overview.algorithm_name IS 'The algorithm of the model that answers.';
COMMENT ON COLUMN pgml.overview.relation_name IS 'The table or view that it was trained on.';
COMMENT ON COLUMN pgml.overview.y_column_name IS 'The target.';
COMMENT ON COLUMN pgml.overview.test_sampling IS 'How the rows to test on were chosen.';
COMMENT ON COLUMN pgml.overview.test_size IS 'How much was held back to test on: a fraction below 1, else a number of rows.';
