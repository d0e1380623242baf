CREATE OR REPLACE VIEW pgml.deployments WITH (security_barrier) AS
    SELECT
        deployment.id,
        deployment.project_id,
        deployment.model_id,
        deployment.strategy,
        deployment.previous_id,
        deployment.created_at
    FROM pgml_internal.deployments AS deployment
    JOIN pgml_internal.projects AS project ON project.id = deployment.project_id
    WHERE has_column_privilege(project.rights, 'read', 'REFERENCES')
    ORDER BY deployment.id;
COMMENT ON VIEW pgml.deployments IS 'Which model answered since when, of the projects that you may read; the newest of a project counts.';
COMMENT ON COLUMN pgml.deployments.id IS 'Its number.';
COMMENT ON COLUMN pgml.deployments.project_id IS 'The project that it was made for.';
COMMENT ON COLUMN pgml.deployments.model_id IS 'The model that answers from then on.';
COMMENT ON COLUMN pgml.deployments.strategy IS 'Why that model: best_score, most_recent or rollback.';
COMMENT ON COLUMN pgml.deployments.previous_id IS 'The deployment that a rollback of this one returns to.';
COMMENT ON COLUMN pgml.deployments.created_at IS 'When it was made.';
