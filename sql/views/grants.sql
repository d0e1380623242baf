CREATE OR REPLACE VIEW pgml.grants WITH (security_barrier) AS
    SELECT
        project.name AS project_name,
        CASE WHEN given.grantee = 0 THEN 'public' ELSE pg_get_userbyid(given.grantee)::text END AS role_name,
        a.attname::text AS privilege
    FROM pgml_internal.projects AS project
    JOIN pg_attribute AS a ON a.attrelid = project.rights AND a.attnum > 0,
        aclexplode(a.attacl) AS given
    WHERE has_column_privilege(project.rights, 'read', 'REFERENCES')
    ORDER BY project.name, role_name, a.attnum;
COMMENT ON VIEW pgml.grants IS 'Who may do what, in the projects that you may read; pgml.grant gives, pgml.revoke takes.';
COMMENT ON COLUMN pgml.grants.project_name IS 'The project.';
COMMENT ON COLUMN pgml.grants.role_name IS 'The role; its members have what it has.';
COMMENT ON COLUMN pgml.grants.privilege IS 'predict, read, train, deploy, or own: all of these and giving them to others.';
