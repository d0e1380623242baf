-- The versions that this schema has been through: that of the fresh installation, and one for each migration.
CREATE TABLE IF NOT EXISTS pgml_internal.schema_versions (
    version integer PRIMARY KEY,
    installed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pgml_internal.schema_versions IS 'The versions of the schema that were installed here, the highest being the one in force.';
