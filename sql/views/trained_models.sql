-- Every model, newest last, and whether it is the one that answers for its project.
CREATE OR REPLACE VIEW pgml.trained_models AS
    SELECT
        model.id,
        project.name,
        project.objective,
        model.algorithm_name,
        model.created_at,
        model.test_sampling,
        model.test_size,
        model.id IS NOT DISTINCT FROM (
            SELECT deployment.model_id FROM pgml.deployments AS deployment
            WHERE deployment.project_id = project.id ORDER BY deployment.id DESC LIMIT 1
        ) AS deployed
    FROM pgml.models AS model
    JOIN pgml.projects AS project ON project.id = model.project_id
    ORDER BY model.id;
COMMENT ON VIEW pgml.trained_models IS 'The models of the projects that you may read, newest last; pgml.models has their metrics and hyperparameters.';
COMMENT ON COLUMN pgml.trained_models.id IS 'The model''s number.';
COMMENT ON COLUMN pgml.trained_models.name IS 'The project.';
COMMENT ON COLUMN pgml.trained_models.objective IS 'What the project''s models do.';
COMMENT ON COLUMN pgml.trained_models.algorithm_name IS 'The algorithm.';
COMMENT ON COLUMN pgml.trained_models.created_at IS 'When it was trained.';
COMMENT ON COLUMN pgml.trained_models.test_sampling IS 'How the rows to test on were chosen.';
COMMENT ON COLUMN pgml.trained_models.test_size IS 'How much was held back to test on: a fraction below 1, else a number of rows.';
COMMENT ON COLUMN pgml.trained_models.deployed IS 'Whether it answers for its project.';
