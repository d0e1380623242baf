CREATE OR REPLACE VIEW pgml.snapshots WITH (security_barrier) AS
    SELECT
        snapshot.id,
        snapshot.project_id,
        snapshot.relation_name,
        snapshot.y_column_name,
        snapshot.row_count,
        snapshot.created_at,
        'pgml_snapshots.snapshot_' || snapshot.id AS table_name
    FROM pgml_internal.snapshots AS snapshot
    JOIN pgml_internal.projects AS project ON project.id = snapshot.project_id
    WHERE has_column_privilege(project.rights, 'read', 'REFERENCES')
    ORDER BY snapshot.id;
COMMENT ON VIEW pgml.snapshots IS 'What models were trained on, of the projects that you may read.';
COMMENT ON COLUMN pgml.snapshots.id IS 'Its number.';
COMMENT ON COLUMN pgml.snapshots.project_id IS 'The project that it was taken for.';
COMMENT ON COLUMN pgml.snapshots.relation_name IS 'The table or view that was read, as it was called then.';
COMMENT ON COLUMN pgml.snapshots.y_column_name IS 'The target.';
COMMENT ON COLUMN pgml.snapshots.row_count IS 'How many rows it has.';
COMMENT ON COLUMN pgml.snapshots.created_at IS 'When the rows were read.';
COMMENT ON COLUMN pgml.snapshots.table_name IS 'The table that holds the rows; its first column numbers them in the order in which they were read.';
