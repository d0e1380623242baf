-- Projects that the role which looks may predict with. Views run with the rights of their owner, and here and in
-- the others CURRENT_USER, whose privileges has_column_privilege asks for, is still the role that looks.
CREATE OR REPLACE VIEW pgml.projects WITH (security_barrier) AS
    SELECT
        project.id,
        project.name,
        project.objective,
        project.created_at,
        (
            SELECT pg_get_userbyid(given.grantee)::text
            FROM pg_attribute AS a, aclexplode(a.attacl) AS given
            WHERE a.attrelid = project.rights AND a.attname = 'own'
            LIMIT 1
        ) AS owner,
        model.features
    FROM pgml_internal.projects AS project
    LEFT JOIN LATERAL (
        SELECT newest.model_id FROM pgml_internal.deployments AS newest
        WHERE newest.project_id = project.id ORDER BY newest.id DESC LIMIT 1
    ) AS deployment ON true
    LEFT JOIN pgml_internal.models AS model ON model.id = deployment.model_id
    WHERE has_column_privilege(project.rights, 'predict', 'REFERENCES')
    ORDER BY project.name;
COMMENT ON VIEW pgml.projects IS 'The projects that you may use.';
COMMENT ON COLUMN pgml.projects.id IS 'Its number.';
COMMENT ON COLUMN pgml.projects.name IS 'The name under which predictions are made.';
COMMENT ON COLUMN pgml.projects.objective IS 'What its models do: regression, classification, ...';
COMMENT ON COLUMN pgml.projects.created_at IS 'When it was made, by its first training.';
COMMENT ON COLUMN pgml.projects.owner IS 'The role that it belongs to.';
COMMENT ON COLUMN pgml.projects.features IS 'What pgml.predict takes, in this order; NULL where no model is deployed.';
