"""The engine beside the backend: what stays out of the backend, and how a training is stopped from outside."""

from __future__ import annotations

import os
import signal
import time

import psycopg2
import pytest
from sessions import (
    AT_ONCE,
    Session,
    blocked,
    check_clean,
    engines,
    eventually,
    fits,
    group_members,
    meanwhile,
    resident,
)

# A training that takes many minutes, of which only seconds are ever waited for.
LONG = ("regression", "many", "y", "random_forest", '{"n_estimators": 100000}')

# What a backend must never import. The rest of what it imports comes from the standard library and pgml.
HEAVY = {
    "numpy",
    "scipy",
    "sklearn",
    "xgboost",
    "pandas",
    "pluggy",
    "joblib",
    "skops",
    "safetensors",
    "psycopg2",
}


@pytest.fixture
def session(trained) -> Session:
    session = Session(trained.connect())
    session.execute(
        "CREATE TABLE many AS SELECT random() AS a, random() AS b, random() AS y FROM generate_series(1, 20000)"
    )
    return session


class Training:
    """A long training in another thread, which fits by now, and how it ended."""

    def __init__(self, session: Session, reader: Session):
        self._going_on = meanwhile(session.train, "long", *LONG)
        eventually(lambda: bool(engines(session.pid)))
        (self.group,) = engines(session.pid)
        eventually(lambda: fits(self.group, reader))

    def ended(self) -> psycopg2.Error:
        """Wait for the end and return the error."""
        error = self._going_on.exception(AT_ONCE)
        assert isinstance(error, psycopg2.Error)
        return error


def imported(session: Session) -> set[str]:
    session.execute(
        "CREATE OR REPLACE FUNCTION pg_temp.imported() RETURNS text[] LANGUAGE plpython3u AS 'import sys; return list(sys.modules)'"
    )
    return set(session.value("SELECT pg_temp.imported()"))


def test_a_backend_imports_nothing_heavy(session):
    for algorithm in ("linear", "xgboost", "random_forest", "gradient_boosting_trees"):
        session.train("light", "regression", "numbers", "target", algorithm)
        session.train("light too", "classification", "labels", "label", algorithm)
    session.predict("light", [1, 2, 3])
    session.predict("light too", [1, 2, 3])
    session.refused("SELECT pgml.predict('light', '{1}')")
    session.execute("SELECT * FROM pgml.algorithms")
    session.execute("SELECT pgml.load_dataset('iris')")
    session.execute("SELECT pgml.deploy('light', 'most_recent')")
    names = imported(session)
    assert {name.partition(".")[0] for name in names} & HEAVY == set()
    assert not [
        name for name in names if name.startswith(("pgml.algorithms", "pgml.plugin.registry", "pgml.plugin.hookspecs"))
    ]
    assert len(engines(session.pid)) == 1, "one engine serves the whole session"
    assert len(os.listdir(f"/proc/{session.pid}/task")) == 1, "and no thread of a library runs in the backend"


def test_a_backend_that_only_predicts_starts_no_engine(trained):
    session = Session(trained.connect())
    session.predict("sum", [1, 2, 3])
    session.execute("SELECT * FROM pgml.overview")
    assert engines(session.pid) == set()
    assert not [name for name in imported(session) if name.startswith("pgml.engine")]


def test_statement_timeout_ends_a_training(session):
    session.execute("SELECT count(*) FROM pgml.algorithms")  # so that the engine is there to be ended
    (group,) = engines(session.pid)
    session.execute("SET statement_timeout = '2s'")
    started = time.monotonic()
    error = session.refused("SELECT pgml.train('long', %s, %s, %s, %s, %s)", *LONG)
    late = time.monotonic() - started - 2
    gone = eventually(lambda: not group_members(group))
    print(
        f"\nstatement_timeout: the training ended {late:.3f} s after the limit, its processes {gone:.3f} s later"
    )
    assert error.pgcode == "57014"
    assert 0 <= late < AT_ONCE
    session.execute("RESET statement_timeout")
    assert session.train("sum", algorithm="linear")[0] == "sum"
    assert session.value("SELECT count(*) FROM pgml.projects WHERE name = 'long'") == 0


def test_statement_timeout_holds_while_the_engine_starts(session):
    session.execute("SET statement_timeout = '100ms'")
    started = time.monotonic()
    error = session.refused("SELECT * FROM pgml.algorithms")
    assert time.monotonic() - started < 0.1 + AT_ONCE
    assert error.pgcode == "57014"
    eventually(lambda: not engines(session.pid))


def test_cancel_ends_a_training(session, trained):
    training = Training(session, Session(trained.connect()))
    started = time.monotonic()
    trained.execute("SELECT pg_cancel_backend(%s)", session.pid)
    error = training.ended()
    late = time.monotonic() - started
    gone = eventually(lambda: not group_members(training.group))
    print(f"\npg_cancel_backend: the training ended after {late:.3f} s, its processes {gone:.3f} s later")
    assert error.pgcode == "57014"
    assert late < AT_ONCE
    assert session.train("sum", algorithm="linear")[0] == "sum"


def test_a_caught_timeout_undoes_the_training_and_leaves_the_session_of_use(session):
    session.execute("SET statement_timeout = '1s'")
    session.execute("BEGIN")
    session.execute("SAVEPOINT before")
    assert session.refused("SELECT pgml.train('long', %s, %s, %s, %s, %s)", *LONG).pgcode == "57014"
    session.execute("ROLLBACK TO before")
    session.execute("SET statement_timeout = 0")
    assert session.train("sum", algorithm="linear")[0] == "sum"
    session.execute("COMMIT")
    assert session.value("SELECT count(*) FROM pgml.projects WHERE name = 'long'") == 0


def test_a_killed_engine_is_an_error_in_its_session_only(session, trained):
    other = Session(trained.connect())
    other.train("sum", algorithm="linear")
    training = Training(session, Session(trained.connect()))
    os.kill(training.group, signal.SIGKILL)
    error = training.ended()
    check_clean(error)
    assert error.pgcode == "ML019"
    assert "killed by signal 9" in error.diag.message_primary
    eventually(lambda: not group_members(training.group))
    assert other.value("SELECT 1") == 1
    other.train("sum", algorithm="linear")
    assert session.value("SELECT count(*) FROM pgml.projects WHERE name = 'long'") == 0
    assert session.train("sum", algorithm="linear")[0] == "sum"


def test_an_engine_that_dies_between_two_calls_is_replaced(session):
    session.train("sum", algorithm="linear")
    (group,) = engines(session.pid)
    os.kill(group, signal.SIGKILL)
    eventually(lambda: group not in engines(session.pid))
    assert session.train("sum", algorithm="linear")[0] == "sum"
    assert group_members(group) == []


def test_an_engine_that_dies_while_the_snapshot_is_taken_is_replaced(session, trained):
    session.execute("CREATE VIEW slow AS SELECT a, b, y FROM many, pg_advisory_xact_lock_shared(1) AS s")
    session.execute("SELECT count(*) FROM pgml.algorithms")
    (group,) = engines(session.pid)
    other = Session(trained.connect())
    other.execute("SELECT pg_advisory_lock(1)")
    training = meanwhile(session.train, "slow", "regression", "slow", "y")
    eventually(lambda: blocked(session, by=other))
    os.kill(group, signal.SIGKILL)
    other.execute("SELECT pg_advisory_unlock(1)")
    assert training.result(AT_ONCE) == ("slow", "regression", "linear", "deployed")


@pytest.mark.parametrize("how", ["end", "terminate"])
@pytest.mark.parametrize("busy", [False, True])
def test_nothing_is_left_of_a_session(session, trained, how, busy):
    if busy:
        group = Training(session, Session(trained.connect())).group
    else:
        session.train("sum", algorithm="linear")
        (group,) = engines(session.pid)
    assert len(group_members(group)) >= 2
    if how == "end":
        session.connection.close() if not busy else os.kill(session.pid, signal.SIGTERM)
    else:
        trained.execute("SELECT pg_terminate_backend(%s)", session.pid)
    gone = eventually(lambda: not group_members(group))
    print(f"\n{how}, {'busy' if busy else 'idle'}: its processes were gone after {gone:.3f} s")
    assert gone < AT_ONCE


def test_nothing_is_left_of_a_killed_backend(new_cluster):
    """In a server of its own: PostgreSQL restarts all its sessions after a crash."""
    from pgml.server.installation import install_schema

    cluster = new_cluster()
    cluster.start(address="")
    install_schema(cluster.dsn("postgres"))
    session = Session(cluster.connect("postgres"))
    session.execute("SELECT count(*) FROM pgml.algorithms")
    (group,) = engines(session.pid)
    os.kill(session.pid, signal.SIGKILL)
    gone = eventually(lambda: not group_members(group))
    print(f"\nkill -9 of a backend: its processes were gone after {gone:.3f} s")
    assert gone < AT_ONCE


def test_waiting_for_the_engine_costs_the_backend_no_memory(session, trained):
    training = Training(session, Session(trained.connect()))
    before = resident(session.pid)
    time.sleep(3)
    grown = resident(session.pid) - before
    os.kill(session.pid, signal.SIGINT)
    assert training.ended().pgcode == "57014"
    assert grown < 200_000


def test_what_a_library_warns_of_reaches_the_client(session):
    session.train("parity", algorithm="linear", hyperparams='{"max_iter": 1}')
    assert any("converge" in notice for notice in session.notices), session.notices
