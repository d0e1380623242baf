-- The model that answers for each project.
CREATE OR REPLACE VIEW pgml.deployed_models AS
    SELECT
        model.id,
        project.name,
        project.objective,
        model.algorithm_name,
        deployment.created_at AS deployed_at,
        deployment.strategy
    FROM pgml.projects AS project
    CROSS JOIN LATERAL (
        SELECT newest.model_id, newest.created_at, newest.strategy FROM pgml.deployments AS newest
        WHERE newest.project_id = project.id ORDER BY newest.id DESC LIMIT 1
    ) AS deployment
    JOIN pgml.models AS model ON model.id = deployment.model_id
    ORDER BY project.name;
COMMENT ON VIEW pgml.deployed_models IS 'The model that answers for each project that you may read.';
COMMENT ON COLUMN pgml.deployed_models.id IS 'The model''s number.';
COMMENT ON COLUMN pgml.deployed_models.name IS 'The project.';
COMMENT ON COLUMN pgml.deployed_models.objective IS 'What the project''s models do.';
COMMENT ON COLUMN pgml.deployed_models.algorithm_name IS 'The algorithm.';
COMMENT ON COLUMN pgml.deployed_models.deployed_at IS 'Since when it answers.';
COMMENT ON COLUMN pgml.deployed_models.strategy IS 'Why this model: best_score, most_recent or rollback.';
