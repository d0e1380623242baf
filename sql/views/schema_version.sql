CREATE OR REPLACE VIEW pgml.schema_version WITH (security_barrier) AS
    SELECT newest.version, newest.installed_at
    FROM pgml_internal.schema_versions AS newest
    ORDER BY newest.version DESC
    LIMIT 1;
COMMENT ON VIEW pgml.schema_version IS 'The version of pgml''s schema in this database; pgml install brings it up to date.';
COMMENT ON COLUMN pgml.schema_version.version IS 'A whole number that each migration raises by one.';
COMMENT ON COLUMN pgml.schema_version.installed_at IS 'When it was installed.';
