-- The model that answers for each project.
CREATE OR REPLACE VIEW pgml.deployed_models AS
    SELECT
        model.id,
        project.name,
        project.objective,
        model.algorithm_name,
        deployment.created_at AS deployed_at,
        deployment.strategy,
        model.metrics
    FROM pgml.projects AS project
    CROSS JOIN LATERAL (
        SELECT * FROM pgml.deployments AS newest WHERE newest.project_id = project.id ORDER BY newest.id DESC LIMIT 1
    ) AS deployment
    JOIN pgml.models AS model ON model.id = deployment.model_id
    ORDER BY project.name;
