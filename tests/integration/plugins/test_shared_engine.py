"""One engine for all processes of a query: a backend and its parallel workers predict with the same one."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from sessions import AT_ONCE, Session, check_clean, eventually, group_members, meanwhile, processes

HANG, DIE, DIE_AS_PARENT = 666, 668, 670  # see tests/plugins/pgml_uncompiled.py

TOTAL = "SELECT sum(pgml.predict('near', ARRAY[a, b, 3])) FROM many"


@pytest.fixture(scope="module")
def session(connect) -> Session:
    session = connect()
    session.train("near", "regression", "numbers", "target", "nearest")
    session.execute(
        "CREATE TABLE many AS SELECT (i % 10)::float8 AS a, (i % 7)::float8 AS b FROM generate_series(1, 2000) AS i"
    )
    session.execute(f"CREATE TABLE awful AS SELECT {HANG}.0::float8 AS a, b FROM many")
    session.execute("ANALYZE many, awful")
    return session


@pytest.fixture(scope="module")
def total(session) -> float:
    return pytest.approx(session.value(TOTAL))


@pytest.fixture
def parallel(session, connect) -> Session:
    """A session that has asked for no prediction, and whose queries have two workers, which do all of the work."""
    parallel = connect()
    for setting in ("min_parallel_table_scan_size = 0", "parallel_setup_cost = 0", "parallel_tuple_cost = 0"):
        parallel.execute(f"SET {setting}")
    parallel.execute("SET parallel_leader_participation = off")
    return parallel


@pytest.fixture
def folder(plugin_server) -> Path:
    return plugin_server.data / "pgsql_tmp_pgml_engines"


# Whether a process has a file open, also where a newer one has its name. The engines' own user may look, even root only
# where it is allowed everything.
HAS_OPEN = """
CREATE FUNCTION has_open(process integer, path text) RETURNS boolean LANGUAGE plpython3u AS $$
    import os
    folder = f"/proc/{process}/fd"
    try:
        return any(os.readlink(f"{folder}/{link}").removesuffix(" (deleted)") == path for link in os.listdir(folder))
    except (FileNotFoundError, PermissionError, ProcessLookupError):  # it has ended, or is somebody else's
        return False
$$
"""


@pytest.fixture(scope="module")
def looking(session, connect) -> Session:
    """A session that looks at others' engines."""
    session.execute(HAS_OPEN)
    return connect()


@pytest.fixture
def engines_of(folder, looking) -> Callable[[Session], set[int]]:
    """Return the process groups of the engines that a session's processes predict with, whichever has started them."""

    def find(session: Session) -> set[int]:
        note = str(folder / f"{session.pid}.note")
        candidates = [pid for pid, _, group in processes() if pid == group and is_engine(pid)]
        return {pid for pid in candidates if looking.value("SELECT has_open(%s, %s)", pid, note)}

    return find


def is_engine(pid: int) -> bool:
    try:
        return b"pgml.engine" in (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return False


class Query:
    """A query in another thread: how it ended, and all engines that were seen meanwhile."""

    def __init__(self, session: Session, statement: str, find: Callable[[Session], set[int]]):
        self.find, self.session = find, session
        self.seen: set[int] = set()
        self._going_on = meanwhile(session.execute, statement)

    def look(self) -> set[int]:
        self.seen |= self.find(self.session)
        return self.seen

    def ended(self) -> list[tuple] | psycopg2.Error:
        eventually(lambda: self.look() and self._going_on.done())
        error = self._going_on.exception()
        if error is None:
            return self._going_on.result()
        assert isinstance(error, psycopg2.Error)
        return error


def test_a_query_has_one_engine(parallel, total, engines_of):
    plan = parallel.execute(f"EXPLAIN (ANALYZE, TIMING off, SUMMARY off) {TOTAL}")
    assert any("Workers Launched: 2" in line for (line,) in plan), plan
    eventually(lambda: not engines_of(parallel))
    query = Query(parallel, TOTAL, engines_of)
    assert query.ended() == [(total,)]
    assert len(query.seen) == 1
    eventually(lambda: not group_members(*query.seen)), "it was the workers', who are gone"


def test_workers_use_the_engine_of_their_session(parallel, total, engines_of):
    parallel.predict("near", [1, 2, 3])
    own = engines_of(parallel)
    query = Query(parallel, TOTAL, engines_of)
    assert query.ended() == [(total,)]
    assert query.seen == own == engines_of(parallel)


def test_the_engine_of_a_worker_outlives_it_where_the_session_uses_it(parallel, total, engines_of):
    both = f"SELECT count(pgml.predict('near', ARRAY[x, 1, 2])) FROM ({TOTAL.replace('sum', '')} OFFSET 0) AS r (x)"
    query = Query(parallel, both, engines_of)
    assert query.ended() == [(2000,)]
    assert len(query.seen) == 1
    assert parallel.value(TOTAL) == total
    time.sleep(6)  # longer than an engine waits for who has gone from a question
    assert engines_of(parallel) == query.seen
    parallel.connection.close()
    assert eventually(lambda: not group_members(*query.seen)) < AT_ONCE


def test_sessions_do_not_share(parallel, connect, total, engines_of):
    other = connect()
    other.predict("near", [1, 2, 3])
    query = Query(parallel, TOTAL, engines_of)
    assert query.ended() == [(total,)]
    assert len(query.seen) == len(engines_of(other)) == 1
    assert not query.seen & engines_of(other)


def predicts(session: Session, folder: Path) -> bool:
    """Return whether the engine of a session's processes has noted that it predicts."""
    note = folder / f"{session.pid}.note"
    return note.exists() and b"predicting" in note.read_bytes()


@pytest.mark.parametrize("leader", ["on", "off"])
def test_an_engine_that_is_killed_in_the_middle_is_replaced(parallel, total, folder, engines_of, leader):
    parallel.execute(f"SET parallel_leader_participation = {leader}")
    query = Query(parallel, f"{TOTAL}, generate_series(1, 6)", engines_of)
    eventually(lambda: predicts(parallel, folder))
    (killed,) = query.look()
    os.kill(killed, signal.SIGKILL)
    assert query.ended() == [(pytest.approx(6 * total.expected),)]
    assert len(query.seen) == 2
    eventually(lambda: not group_members(killed))
    parallel.connection.close()
    eventually(lambda: not engines_of(parallel))


@pytest.mark.parametrize("how", [DIE, DIE_AS_PARENT], ids=["alone", "leaving a child that holds the line open"])
def test_a_prediction_that_kills_the_engine_is_an_error_of_its_query(parallel, total, engines_of, how):
    parallel.predict("near", [1, 2, 3])
    statement = f"SELECT sum(pgml.predict('near', ARRAY[CASE WHEN a = 9 AND b = 5 THEN {how} ELSE a END, b, 3])) FROM many"
    query = Query(parallel, statement, engines_of)
    error = query.ended()
    check_clean(error)
    assert error.pgcode == "ML019"
    assert "the engine ended while predicting: nearest (plugin pgml-uncompiled)" in error.diag.message_primary
    eventually(lambda: not engines_of(parallel))
    assert parallel.value(TOTAL) == total


@pytest.mark.parametrize("leader", ["on", "off"])
def test_nothing_is_left_of_a_query_that_was_cancelled(session, parallel, total, folder, engines_of, leader):
    parallel.execute(f"SET parallel_leader_participation = {leader}")
    query = Query(parallel, "SELECT sum(pgml.predict('near', ARRAY[a, b, 3])) FROM awful", engines_of)
    eventually(lambda: predicts(parallel, folder))
    query.look()
    session.execute("SELECT pg_cancel_backend(%s)", parallel.pid)
    error = query.ended()
    assert error.pgcode == "57014"
    assert len(query.seen) == 1
    eventually(lambda: not group_members(*query.seen))
    assert parallel.value(TOTAL) == total


def test_what_a_cancelled_statement_left_running_does_not_harm_the_next(parallel, total, engines_of):
    """The workers of the next one find the engine at work for the session, which has gone from its question."""
    parallel.predict("near", [1, 2, 3])
    (hanging,) = engines_of(parallel)
    parallel.execute("SET statement_timeout = '1s'")
    assert parallel.refused(f"SELECT pgml.predict('near', ARRAY[{HANG}, 2, 3])").pgcode == "57014"
    parallel.execute("RESET statement_timeout")
    assert group_members(hanging)
    assert parallel.value(TOTAL) == total
    eventually(lambda: not group_members(hanging))


def test_the_sockets_are_the_servers_alone_and_do_not_pile_up(parallel, connect, folder):
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = [folder / f"{ended.pid}.{name}" for name in ("line", "lifeline", "note")]
    for path in left:
        path.touch()
    own = [folder / f"{parallel.pid}.{name}" for name in ("line", "lifeline", "note")]
    parallel.predict("near", [1, 2, 3])
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.exists() for path in own) and not any(path.exists() for path in left)
    parallel.connection.close()
    eventually(lambda: not Path(f"/proc/{parallel.pid}").exists())
    connect().predict("near", [1, 2, 3])
    assert not any(path.exists() for path in own)


def test_predictions_go_on_where_nothing_can_be_shared(parallel, total, folder):
    aside = folder.rename(folder.with_name("aside"))
    folder.touch()
    try:
        assert parallel.value(TOTAL) == total
    finally:
        folder.unlink()
        aside.rename(folder)
