"""Models that no family of predictors holds: their plugin's own code predicts, in an engine of the session."""

from __future__ import annotations

import os
import signal
import time

import pytest
from sessions import AT_ONCE, Session, engines, eventually, group_members

HANG, HANG_DEAF, DIE, RAISE = 666, 667, 668, 669  # see tests/plugins/pgml_uncompiled.py


@pytest.fixture(scope="module")
def session(connect) -> Session:
    session = connect()
    session.train("near", "regression", "numbers", "target", "nearest")
    session.train("near too", "regression", "numbers", "target", "nearest_scaled")
    session.train("kind", "classification", "labels", "label", "nearest")
    session.train("line", "regression", "numbers", "target", "linear")
    return session


@pytest.fixture
def predicting(session, connect) -> Session:
    """A session that has trained nothing: the only engine that it starts is the one that predicts."""
    return connect()


def test_an_estimator_is_kept_only_of_what_is_not_compiled(session):
    kept = session.execute(
        "SELECT DISTINCT algorithm_name, estimator IS NOT NULL"
        " FROM pgml.models JOIN pgml_internal.artifacts ON model_id = models.id"
    )
    assert dict(kept) == {"nearest": True, "nearest_scaled": True, "linear": False}


def nearest(session: Session, row: list[float], column: str = "target", view: str = "numbers") -> float:
    """What the nearest rows have, of which the model may have been trained on any."""
    return {
        value
        for (value,) in session.execute(
            f"SELECT {column} FROM {view} ORDER BY (a - %s) ^ 2 + (b - %s) ^ 2 + (c - %s) ^ 2 LIMIT 4", *row
        )
    }


def test_it_says_where_its_predictions_are_made(session):
    served = dict(session.execute("SELECT DISTINCT algorithm_name, served_by FROM pgml.models"))
    assert served == {"nearest": "engine", "nearest_scaled": "engine", "linear": "backend"}


def test_one_row(predicting):
    assert predicting.predict("near", [1, 2, 3]) in nearest(predicting, [1, 2, 3])
    assert predicting.predict("kind", [1, 2, 3]) in (7, 8)
    assert predicting.predict("near too", [1, 2, 3]) == pytest.approx(2, abs=6)


def test_many_rows(predicting):
    rows = predicting.execute("SELECT target, pgml.predict('near', ARRAY[a, b, c]) FROM numbers")
    assert sum(target == predicted for target, predicted in rows) >= 45, "it was trained on 45 of the 60 rows"
    assert len(engines(predicting.pid)) == 1
    assert (
        predicting.value(
            "SELECT count(pgml.predict('near', ARRAY[i, 1, 2])) FROM generate_series(1, 600) AS i"
        )
        == 600
    )


def test_models_that_take_turns(predicting):
    for statement in (
        "SELECT pgml.predict('near', r), pgml.predict('kind', r), pgml.predict('line', r), pgml.predict('near too', r)",
        "SELECT pgml.predict('near too', r), pgml.predict('near', r), pgml.predict('kind', r), pgml.predict('line', r)",
    ):
        rows = predicting.execute(f"{statement} FROM (SELECT ARRAY[a, b, c] AS r FROM numbers) AS rows")
        assert len(rows) == 60
    both = predicting.execute(
        "SELECT pgml.predict('kind', r), pgml.predict('near', r) FROM (SELECT ARRAY[a, b, c] AS r FROM numbers) AS rows"
    )
    alone = predicting.execute("SELECT pgml.predict('kind', ARRAY[a, b, c]) FROM numbers")
    assert [kind for kind, _ in both] == [kind for (kind,) in alone]


def test_a_parallel_plan(predicting):
    predicting.execute(
        "CREATE TABLE IF NOT EXISTS many AS SELECT (i % 10)::float8 AS a, (i % 7)::float8 AS b FROM generate_series(1, 4000) AS i"
    )
    predicting.execute("ANALYZE many")
    statement = "SELECT sum(pgml.predict('near', ARRAY[a, b, 3])) FROM many"
    alone = predicting.value(statement)
    for setting in ("min_parallel_table_scan_size = 0", "parallel_setup_cost = 0", "parallel_tuple_cost = 0"):
        predicting.execute(f"SET {setting}")
    plan = predicting.execute(f"EXPLAIN (ANALYZE, TIMING off, SUMMARY off) {statement}")
    assert any("Workers Launched: 2" in line for (line,) in plan), plan
    assert predicting.value(statement) == pytest.approx(alone)
    assert predicting.value("SELECT 1") == 1


@pytest.mark.parametrize("how", [HANG, HANG_DEAF])
def test_a_prediction_that_hangs_can_be_timed_out(predicting, how):
    predicting.predict("near", [1, 2, 3])
    (group,) = engines(predicting.pid)
    predicting.execute("SET statement_timeout = '500ms'")
    started = time.monotonic()
    error = predicting.refused("SELECT pgml.predict('near', ARRAY[%s, 2, 3])", how)
    late = time.monotonic() - started - 0.5
    assert error.pgcode == "57014"
    assert late < AT_ONCE
    predicting.execute("RESET statement_timeout")
    assert predicting.predict("near", [1, 2, 3]) in nearest(predicting, [1, 2, 3])
    assert not group_members(group), "the next prediction has another engine"


def test_an_engine_that_nobody_waits_for_any_more_ends_itself(predicting):
    predicting.predict("near", [1, 2, 3])
    (group,) = engines(predicting.pid)
    predicting.execute("SET statement_timeout = '200ms'")
    predicting.refused("SELECT pgml.predict('near', ARRAY[%s, 2, 3])", HANG_DEAF)
    predicting.execute("RESET statement_timeout")
    eventually(lambda: not group_members(group))
    assert predicting.predict("near", [1, 2, 3]) in nearest(predicting, [1, 2, 3])


def test_a_slow_session_keeps_its_engine(predicting):
    predicting.predict("near", [1, 2, 3])
    (group,) = engines(predicting.pid)
    predicting.execute("SELECT pg_sleep(6)")
    assert group_members(group)


def test_a_prediction_that_hangs_in_a_parallel_plan_leaves_nothing(predicting):
    predicting.execute(
        "CREATE TABLE IF NOT EXISTS awful AS SELECT 667.0::float8 AS a FROM generate_series(1, 4000) AS i"
    )
    predicting.execute("ANALYZE awful")
    for setting in ("min_parallel_table_scan_size = 0", "parallel_setup_cost = 0", "parallel_tuple_cost = 0"):
        predicting.execute(f"SET {setting}")
    predicting.execute("SET statement_timeout = '3s'")
    started = time.monotonic()
    assert predicting.refused("SELECT sum(pgml.predict('near', ARRAY[a, 2, 3])) FROM awful").pgcode == "57014"
    assert time.monotonic() - started < 3 + AT_ONCE
    predicting.execute("RESET statement_timeout")
    eventually(lambda: not engines(predicting.pid))
    assert predicting.predict("near", [1, 2, 3]) in nearest(predicting, [1, 2, 3])


def test_an_engine_that_is_killed_between_two_predictions_is_replaced(predicting):
    before = predicting.predict("near", [1, 2, 3])
    (group,) = engines(predicting.pid)
    os.kill(group, signal.SIGKILL)
    eventually(lambda: group not in engines(predicting.pid))
    assert predicting.predict("near", [1, 2, 3]) == before


def test_a_prediction_that_kills_its_engine_is_an_error_of_that_statement(predicting):
    error = predicting.refused("SELECT pgml.predict('near', ARRAY[%s, 2, 3])", DIE)
    assert error.pgcode == "ML019"
    assert error.diag.message_primary == (
        'project "near": the engine ended while predicting: nearest (plugin pgml-uncompiled): it exited with status 5'
    )
    assert predicting.predict("near", [1, 2, 3]) in nearest(predicting, [1, 2, 3])


def test_a_prediction_that_raises_names_the_plugin(predicting):
    error = predicting.refused("SELECT pgml.predict('near', ARRAY[%s, 2, 3])", RAISE)
    assert error.pgcode == "ML018"
    assert error.diag.message_primary == (
        'project "near": nearest (plugin pgml-uncompiled) failed while predicting: nothing is near'
    )
    assert predicting.predict("near", [1, 2, 3]) in nearest(predicting, [1, 2, 3])


@pytest.mark.parametrize(
    ("features", "sqlstate", "said"),
    [
        ("{1,2}", "ML014", "the model expects 3 features, got 2"),
        ("{1,2,3,4}", "ML014", "the model expects 3 features, got 4"),
        ("{1,NULL,3}", "ML012", 'feature "b" is NULL or NaN'),
        ("{1,NaN,3}", "ML012", 'feature "b" is NULL or NaN'),
        ("{1,2,Infinity}", "ML013", 'feature "c" is infinite'),
    ],
)
def test_wrong_features(predicting, features, sqlstate, said):
    error = predicting.refused("SELECT pgml.predict('near', %s::float8[])", features)
    assert error.pgcode == sqlstate
    assert said in error.diag.message_primary


def test_a_model_whose_plugin_is_gone_says_so(connect, session, plugin_environment):
    hidden = plugin_environment.site / "pgml_uncompiled-0.1.dist-info"
    aside = hidden.rename(plugin_environment.folder / hidden.name)
    try:
        later = connect()
        error = later.refused("SELECT pgml.predict('near', '{1,2,3}')")
        assert error.pgcode == "ML001"
        assert "needs nearest of the plugin pgml-uncompiled, which" in error.diag.message_primary
        assert error.diag.message_hint.startswith("install pgml-uncompiled where the engine runs")
        assert later.train("near", algorithm="linear", test_size=0.5)[3] == "not deployed"
        assert "cannot be scored on this training's rows (the model needs nearest of the plugin" in later.notices[-1]
    finally:
        aside.rename(hidden)


def test_training_again_replaces_what_answers_at_once(session):
    session.execute("BEGIN")
    session.execute("SELECT pgml.predict('near', '{1,2,3}')")
    session.train("near", algorithm="linear")
    session.execute("SELECT pgml.deploy('near', 'most_recent')")
    assert session.predict("near", [1000, 2, 3]) == pytest.approx(1001)
    session.execute("ROLLBACK")
    assert session.predict("near", [1000, 2, 3]) < 100


def test_a_model_whose_saved_bytes_are_gone_says_so(session, predicting):
    """It went on asking for them, for ever."""
    session.train("bare", "regression", "numbers", "target", "nearest")
    session.execute(
        "UPDATE pgml_internal.artifacts SET estimator = NULL WHERE model_id = (SELECT id FROM pgml.deployed_models WHERE name = 'bare')"
    )
    predicting.execute("SET statement_timeout = '2min'")
    error = predicting.refused("SELECT pgml.predict('bare', '{1,2,3}')")
    assert error.pgcode == "ML016"
    assert "what its plugin saved of the model is gone" in error.diag.message_primary
    predicting.execute("RESET statement_timeout")


def test_many_rows_go_to_the_engine_in_few_messages(session, predicting):
    session.execute("CREATE OR REPLACE VIEW keyed AS SELECT row_number() OVER () AS id, * FROM points")
    expected = session.execute("SELECT id::text, pgml.predict('near', ARRAY[a, b, c]) FROM keyed ORDER BY keyed.id")
    started = time.monotonic()
    assert predicting.execute("SELECT * FROM pgml.score('near', 'keyed', 'id') ORDER BY key::integer") == expected
    batch = "SELECT * FROM pgml.predict_batch('near', (SELECT array_agg(ARRAY[a, b, c]) FROM points))"
    assert [row[0] for row in predicting.execute(batch)] == [value for _, value in expected]
    assert time.monotonic() - started < 4 * AT_ONCE
    many = "SELECT count(*), sum(p) FROM pgml.predict_batch('near', (SELECT array_agg(ARRAY[a, b, c]) FROM points, generate_series(1, 100))) AS p"
    (count, total), *_ = predicting.execute(many)
    assert (count, total) == (100 * len(expected), pytest.approx(100 * sum(value for _, value in expected)))
    assert predicting.refused("SELECT * FROM pgml.predict_batch('near', '{{1,2,3},{1,2,Infinity}}')").pgcode == "ML013"
    infinite = "(SELECT array_agg(ARRAY[1, 2, CASE i WHEN 40000 THEN 'Infinity'::float8 ELSE 3 END]) FROM generate_series(1, 50000) AS i)"
    error = predicting.refused(f"SELECT * FROM pgml.predict_batch('near', {infinite})")
    assert (error.pgcode, "in row 40000" in error.diag.message_primary) == ("ML013", True)
    assert predicting.refused("SELECT * FROM pgml.predict_batch('near', '{{1,2}}')").pgcode == "ML014"


def test_labels_and_their_classes(predicting):
    label = predicting.value("SELECT pgml.classify('kind', '{1,2,3}')")
    assert label in predicting.value("SELECT pgml.classes('kind')")
    assert float(label) == predicting.value("SELECT pgml.predict('kind', '{1,2,3}')")
    error = predicting.refused("SELECT pgml.predict_proba('kind', '{1,2,3}')")
    assert (error.pgcode, error.diag.message_primary) == ("ML009", 'project "kind": its model gives labels and no probabilities')
    assert predicting.refused("SELECT pgml.classify('near', '{1,2,3}')").pgcode == "ML009"
