"""A database of pgml 0.1.0 after its upgrade: all that it had is there, and all that pgml does works on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from places import Place, new_place

from pgml import cli
from pgml.server.cluster import Cluster
from pgml.server.installation import install_schema

# Everything that 0.1.0 kept, in its columns.
KEPT = {
    "projects": "id, name, objective, created_at",
    "snapshots": "id, project_id, relation_name, y_column_name, row_count, created_at",
    "models": "id, project_id, snapshot_id, algorithm_name, hyperparams, test_size, test_sampling, features, metrics, "
    "served_by, plugin_name, plugin_version, digest, created_at",
    "deployments": "id, project_id, model_id, strategy, previous_id, created_at",
}
PREDICTED = "project NOT LIKE 'Near%'"  # those, only a server with their plugin can predict: see plugins/


def kept(place: Place, schema: str) -> dict[str, list[tuple]]:
    return {
        table: place.execute(f"SELECT {columns} FROM {schema}.{table} ORDER BY id") for table, columns in KEPT.items()
    }


def rows(place: Place, schema: str) -> dict[int, list[tuple]]:
    """The rows of each snapshot in the order in which they lie, a domain's values as those of the type below."""
    numbers = [number for (number,) in place.execute("SELECT id FROM pgml.snapshots ORDER BY id")]
    place.execute("SET synchronize_seqscans = off")
    return {number: place.execute(f"SELECT * FROM {schema}.snapshot_{number}") for number in numbers}


def numbered(found: dict[int, list[tuple]]) -> dict[int, list[tuple]]:
    """The same rows with their numbers in front, as snapshots have them since version 2."""
    return {snapshot: [(place, *row) for place, row in enumerate(rows, 1)] for snapshot, rows in found.items()}


def test_every_prediction_is_the_same_to_the_last_bit(upgraded_once):
    compared = upgraded_once.execute(
        f"SELECT count(*), count(*) FILTER (WHERE pgml.predict(project, features) IS DISTINCT FROM prediction)"
        f" FROM expected WHERE {PREDICTED}"
    )
    assert compared == [(90, 0)]


def test_projects_models_metrics_and_deployments_are_kept(old, upgraded_once):
    before = kept(old, "pgml")
    assert {table: len(found) for table, found in before.items()} == {
        "projects": 10, "snapshots": 10, "models": 15, "deployments": 13
    }  # fmt: skip
    assert kept(upgraded_once, "pgml") == before


def test_the_rows_of_snapshots_are_kept(old, upgraded_once):
    assert rows(upgraded_once, "pgml_snapshots") == numbered(rows(old, "pgml"))
    assert upgraded_once.execute("SELECT to_regclass('pgml.snapshot_1')") == [(None,)]


def test_snapshots_keep_their_order_where_a_scan_begins_in_the_middle(old):
    """PostgreSQL starts a scan where another one of the same table has got to."""
    old.execute("INSERT INTO pgml.snapshot_1 SELECT i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series(1, 5000) AS i")
    before = rows(old, "pgml")
    other = old.connect()
    other.execute("BEGIN")
    other.execute("DECLARE half CURSOR FOR SELECT age FROM pgml.snapshot_1")
    other.execute("FETCH 3000 FROM half")
    other.execute("ROLLBACK")
    assert other.execute("SELECT age FROM pgml.snapshot_1 LIMIT 1") != [before[1][0][:1]], "it shall begin in the middle"
    install_schema(old.dsn)
    assert rows(old, "pgml_snapshots") == numbered(before)


def test_compiled_models_are_without_their_estimators(upgraded_once):
    assert upgraded_once.execute(
        "SELECT served_by, count(estimator), count(*) FROM pgml_internal.artifacts"
        " JOIN pgml_internal.models ON id = model_id GROUP BY 1 ORDER BY 1"
    ) == [("backend", 0, 13), ("engine", 2, 2)]


def test_rollbacks_go_on_where_they_were(upgraded):
    """Of the diabetes, linear, lasso and xgboost had been deployed, and xgboost undone."""
    deployed = "SELECT algorithm_name FROM pgml.deployed_models WHERE name = 'Diabetes Progression'"
    assert upgraded.execute(deployed) == [("lasso",)]
    upgraded.execute("SELECT pgml.deploy('Diabetes Progression', 'rollback')")
    assert upgraded.execute(deployed) == [("linear",)]
    session = upgraded.as_role("postgres")
    error = session.refused("SELECT pgml.deploy('Diabetes Progression', 'rollback')")
    assert error.pgcode == "ML015"
    upgraded.execute("SELECT pgml.deploy('Diabetes Progression')")
    assert upgraded.execute("SELECT max(id) FROM pgml.deployments") == [(15,)]


@pytest.fixture(scope="module")
def trainable(old_server: Cluster) -> Iterator[Place]:
    """The database after its upgrade, in which tests train on one session, whose engine stays warm."""
    with new_place(old_server, "upgraded") as place:
        yield place


def test_training_again_gives_the_same_models(trainable):
    """On the same rows, split in the same way, with the same settings."""
    session = trainable.as_role("postgres")
    models = session.execute(
        # tol is no setting of linear regression any more: it never had an effect
        "SELECT p.name, algorithm_name, (hyperparams - CASE algorithm_name WHEN 'linear' THEN 'tol' ELSE '' END)::text, test_size, test_sampling, metrics, test_rows"
        " FROM pgml.models AS m JOIN pgml.projects AS p ON p.id = project_id JOIN pgml_internal.artifacts ON model_id = m.id"
        " WHERE plugin_name = 'pgml-core' ORDER BY m.id"
    )
    assert len(models) == 13
    for project, algorithm, hyperparams, test_size, sampling, metrics, test_rows in models:
        session.train(
            project, algorithm=algorithm, hyperparams=hyperparams, test_size=test_size, test_sampling=sampling, deploy=False
        )
        again, split = session.execute(
            "SELECT metrics, test_rows FROM pgml_internal.models JOIN pgml_internal.artifacts ON model_id = id"
            " ORDER BY id DESC LIMIT 1"
        )[0]
        times = ("fit_time", "score_time")
        scores = {name: score for name, score in metrics.items() if name not in times}
        assert {name: again[name] for name in scores} == pytest.approx(scores, rel=1e-6, abs=1e-9), algorithm
        assert bytes(split) == bytes(test_rows)


def test_a_new_training_of_the_relation(trainable):
    session = trainable.as_role("postgres")
    assert session.train("Line", None, "readings", "level", "ridge")[0] == "Line"
    assert session.train("New", "regression", "sales", "price")[3] == "deployed"
    assert session.execute("SELECT id, relation_name, row_count FROM pgml.snapshots ORDER BY id OFFSET 10") == [
        (11, "readings", 60),
        (12, "sales", 80),
    ]
    assert session.execute("SELECT count(*) FROM pgml_snapshots.snapshot_11") == [(60,)]
    assert session.value("SELECT id FROM pgml.projects WHERE name = 'New'") > 14


def test_what_calls_pgml_goes_on_working(old):
    old.execute("CREATE VIEW scored AS SELECT pgml.predict('Sales', ARRAY[area, rooms]) AS predicted FROM sales")
    old.execute("GRANT SELECT ON scored TO application")
    install_schema(old.dsn)
    scored = old.as_role("application").execute("SELECT predicted FROM scored")
    assert scored == old.execute("SELECT pgml.predict('Sales', ARRAY[area, rooms]) FROM sales")


def test_the_command_says_what_was_done(c_door, old, capsys):
    assert cli.main(["install", old.dsn]) == 0
    note, upgraded, door, runs = capsys.readouterr().out.splitlines()
    assert note == "Note: pgml.linnerud belongs to another role than pgml: drop it to have pgml.load_dataset make it again."
    assert door.startswith("Predictions are made in C, by ")
    assert upgraded == "The schema is upgraded from version 1 to version 2."
    assert old.execute("SELECT version FROM pgml.schema_version") == [(2,)]
    assert cli.main(["install", old.dsn]) == 0
    assert capsys.readouterr().out.splitlines() == ["The schema is up to date already.", runs]


def test_a_second_time_changes_nothing(upgraded):
    before = upgraded.dump()
    assert install_schema(upgraded.dsn) == []
    assert upgraded.dump() == before


def test_another_superuser_leaves_all_of_it_to_the_owner(old, fresh):
    old.execute("CREATE ROLE other SUPERUSER LOGIN PASSWORD 'other'")
    try:
        for place in (old, fresh):
            install_schema(place.connect("other").connection.dsn.replace("password=xxx", "password=other"))
            assert "OWNER TO other" not in place.dump("--schema-only")
            place.disconnect()
    finally:
        old.execute("DROP ROLE other")
