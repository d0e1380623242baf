"""pgml.predict_batch of more rows than one would want to wait for, or keep as objects of Python."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg2
import pytest
from sessions import Session, most_resident

BOTH_DOORS = True

ROWS = 1_000_000
BYTES = ROWS * 3 * 8


@pytest.fixture(scope="module")
def database(trained_once):
    trained_once.execute(
        "CREATE TABLE large AS SELECT array_agg(ARRAY[i %% 10, i %% 7, i %% 13 + 0.5]::float8[]) AS rows, array_agg(i::float8) AS flat"
        " FROM generate_series(0, %s) AS i",
        ROWS - 1,
    )
    trees = "SELECT pgml.train('slow', 'regression', 'numbers', 'target', 'random_forest', '{\"n_estimators\": 100}')"
    trained_once.execute(trees)
    return trained_once


@pytest.fixture
def own(database) -> Iterator[Session]:
    """A new session, whose memory nothing else has used."""
    session = Session(database.connect())
    yield session
    session.connection.close()


def asked(project: str, rows: str = "rows") -> str:
    return f"SELECT sum(p), count(*) FROM large, pgml.predict_batch('{project}', {rows}) AS p"


def test_it_takes_little_more_memory_than_the_array(own):
    own.predict("sum", [1, 2, 3])
    before = most_resident(own.pid)
    assert own.execute(asked("sum"))[0][1] == ROWS
    assert most_resident(own.pid) - before < 5 * BYTES  # as objects of Python they take ten times as much


def test_every_row_has_its_own_answer(own):
    own.execute("SET extra_float_digits = 0")
    at_once, count = own.execute(asked("sum", "rows[1:100000]"))[0]
    each = "SELECT sum(pgml.predict('sum', ARRAY[i % 10, i % 7, i % 13 + 0.5])) FROM generate_series(0, 99999) AS i"
    assert (at_once, count) == (own.value(each), 100000)


@pytest.mark.parametrize("ended_by", ["timeout", "cancel"])
def test_it_can_be_ended(own, database, ended_by):
    started = time.monotonic()
    own.execute(asked("slow"))
    whole = time.monotonic() - started
    if ended_by == "timeout":
        own.execute(f"SET statement_timeout = {max(1, int(whole * 100))}")
    else:
        threading.Timer(whole / 10, database.execute, ("SELECT pg_cancel_backend(%s)", own.pid)).start()
    started = time.monotonic()
    error = own.refused(asked("slow"))
    assert error.pgcode == "57014"
    assert time.monotonic() - started < 0.7 * whole
    own.execute("RESET statement_timeout")
    assert own.value("SELECT count(*) FROM pgml.predict_batch('sum', '{{1,2,3}}')") == 1


@pytest.mark.parametrize(
    ("rows", "sqlstate"),
    [
        ("rows", "42501"),
        ("rows[:][1:2]", "42501"),
        ("flat", "42501"),
        ("ARRAY[rows]", "42501"),
        ("'{}'::float8[]", "42501"),
        ("NULL::float8[]", "ML009"),
    ],
)
def test_who_may_not_ask_hears_so_before_the_numbers_are_looked_at(database, rows, sqlstate):
    database.role("stranger")
    database.execute("GRANT USAGE ON SCHEMA pgml TO stranger; GRANT SELECT ON large TO stranger")
    stranger = Session(database.connect("stranger"))
    stranger.execute(f"SELECT array_length({rows}, 1) FROM large")  # what PostgreSQL needs to make the array
    before = most_resident(stranger.pid)
    assert stranger.refused(asked("sum", rows)).pgcode == sqlstate
    assert most_resident(stranger.pid) - before < 4 * BYTES
    stranger.connection.close()
    database.execute("DROP OWNED BY stranger")


@pytest.mark.parametrize(
    ("rows", "said", "hint"),
    [
        ("rows[:][1:2]", "the model expects 3 features, got 2", "the features are, in this order: a, b, c"),
        (
            "flat",
            "features are an array of rows, and this is an array of numbers",
            "pgml.predict takes one row; several are ARRAY[ARRAY[...], ARRAY[...]]",
        ),
        ("ARRAY[rows]", f"features are an array of rows, and this is 1 x {ROWS} x 3 numbers", None),
    ],
)
def test_a_wrong_shape_is_refused_before_the_numbers_are_looked_at(own, rows, said, hint):
    own.execute(f"SELECT array_length({rows}, 1) FROM large")
    before = most_resident(own.pid)
    error = own.refused(asked("sum", rows))
    assert (error.pgcode, error.diag.message_primary, error.diag.message_hint) == ("ML014", f'project "sum": {said}', hint)
    assert most_resident(own.pid) - before < 4 * BYTES


@pytest.mark.parametrize("row", [1, 16_666, 16_667, 40_000, 99_999])
def test_the_row_that_is_wrong_is_named_wherever_it_is(own, row):
    rows = f"(SELECT array_agg(ARRAY[i, CASE WHEN i NOT IN ({row}, 100000) THEN 2 END, 3]::float8[]) FROM generate_series(1, 100000) AS i)"
    error = own.refused(f"SELECT * FROM pgml.predict_batch('sum', {rows})")
    assert error.pgcode == "ML012"
    assert f'feature "b" is NULL or NaN in row {row},' in error.diag.message_primary


@pytest.mark.parametrize("begins", [-5, 0, 2_147_483_644])
def test_an_array_may_begin_anywhere(own, begins):
    rows = "'{{1,2,3},{4,5,6}}'"
    odd = f"'[{begins}:{begins + 1}][{begins}:{begins + 2}]={{{{1,2,3}},{{4,5,6}}}}'"
    expected = own.execute(f"SELECT * FROM pgml.predict_batch('sum', {rows})")
    assert own.execute(f"SELECT * FROM pgml.predict_batch('sum', {odd})") == expected
    assert len(expected) == 2


def test_one_row_of_many_features(own):
    own.execute("CREATE TABLE wide AS SELECT array_fill(i::float8, ARRAY[60000]) AS x, i AS y FROM generate_series(1, 20) AS i")
    own.train("wide", "regression", "wide", "y", "random_forest", '{"n_estimators": 1}')
    with pytest.raises(psycopg2.Error, match="expects 60000 features, got 3"):
        own.execute("SELECT pgml.predict_batch('wide', '{{1,2,3}}')")
    each = own.execute("SELECT pgml.predict('wide', x) FROM wide ORDER BY y LIMIT 3")
    assert own.execute("SELECT pgml.predict_batch('wide', array_agg(x ORDER BY y)) FROM wide LIMIT 3") == each
