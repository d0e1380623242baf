-- Each project that has a deployed model: what answers, since when, and what it was trained on.
CREATE OR REPLACE VIEW pgml.overview AS
    SELECT
        deployed.name,
        deployed.deployed_at,
        deployed.objective,
        deployed.algorithm_name,
        snapshot.relation_name,
        snapshot.y_column_name,
        model.test_sampling,
        model.test_size
    FROM pgml.deployed_models AS deployed
    JOIN pgml.models AS model ON model.id = deployed.id
    JOIN pgml.snapshots AS snapshot ON snapshot.id = model.snapshot_id
    ORDER BY deployed.name;
