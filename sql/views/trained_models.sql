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
        ) AS deployed,
        model.metrics,
        model.hyperparams,
        model.served_by
    FROM pgml.models AS model
    JOIN pgml.projects AS project ON project.id = model.project_id
    ORDER BY model.id;
