"""Predictions on a streaming standby, while the primary deploys, grants and trains; and after it was promoted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import make_dsn
from sessions import Session, eventually

from pgml.server.cluster import Cluster
from pgml.server.door import KEPT
from pgml.server.installation import install_schema

BOTH_DOORS = True

REPLICATION = {"fsync": "off", "wal_level": "replica", "max_wal_senders": "4"}
PREDICT = "SELECT round(pgml.predict('line', '{3}')::numeric, 6)"
DOUBLED, TRIPLED = 6, 9  # what the two models of `line` answer


class Standby(Cluster):
    """A server that takes no ALTER ROLE: its passwords are the primary's."""

    def _set_password(self, port: int, password: str | None) -> None:
        pass


class Pair:
    """A primary and its standby, and a superuser's session with the first, in which `line` has two models."""

    def __init__(self, folder: Path):
        self.primary = Cluster(folder / "primary", settings=REPLICATION)
        self.standby = Standby(folder / "standby", settings=REPLICATION)

    def start(self, use_door: bool) -> None:
        self.primary.start(address="")
        install_schema(self.primary.dsn("postgres"), use_door=use_door)
        self.writer = connect(self.primary)
        self.writer.execute(
            """
            CREATE TABLE points AS SELECT i AS x, 2.0 * i AS y, 3.0 * i AS z FROM generate_series(1, 50) AS i;
            CREATE VIEW doubled AS SELECT x, y FROM points;
            CREATE VIEW tripled AS SELECT x, z FROM points;
            CREATE ROLE alice LOGIN PASSWORD 'alice';
            GRANT USAGE ON SCHEMA pgml TO alice;
            """
        )
        self.writer.train("line", "regression", "doubled", "y", "ridge", '{"alpha": 0}')
        self.writer.train("line", None, "tripled", "z", "linear", deploy=False)
        with open(self.primary.data / "pg_hba.conf", "a") as file:
            file.write("local replication postgres peer map=owner\n")
        self.writer.execute("SELECT pg_reload_conf()")
        self._copy()
        self.standby.start(address="")

    def _copy(self) -> None:
        self.standby.home.mkdir()
        self.standby.home.chmod(0o755)
        self.standby.data.mkdir(mode=0o700)
        user = self.primary.user
        user.run(
            [self.primary.postgres.program("pg_basebackup"), f"--pgdata={user.owns(self.standby.data)}", "--checkpoint=fast"]
            + ["--no-sync", "--write-recovery-conf", f"--dbname={self.primary.dsn('postgres')}"]
        )

    def stop(self) -> None:
        for server in (self.standby, self.primary):
            server.stop()
            shutil.rmtree(server.home, ignore_errors=True)
            shutil.rmtree(server.socket_folder, ignore_errors=True)

    def deploy(self, algorithm: str) -> None:
        self.writer.execute("SELECT pgml.deploy('line', 'most_recent', %s)", algorithm)

    def replayed(self, on_standby: Session) -> None:
        """Wait until the standby has all that was written until now."""
        written = self.writer.value("SELECT pg_current_wal_flush_lsn()")
        eventually(lambda: on_standby.value("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written))


def connect(server: Cluster, role: str = "postgres") -> Session:
    connection = psycopg2.connect(make_dsn(server.dsn("postgres"), user=role, password=role))
    connection.autocommit = True
    return Session(connection)


@pytest.fixture(scope="module")
def pair(server_folder: Path, door: str) -> Iterator[Pair]:
    pair = Pair(server_folder)
    try:
        pair.start(use_door=door == "c")
        yield pair
    finally:
        pair.stop()


@pytest.fixture
def reader(pair: Pair) -> Session:
    """A session with the standby that has predicted."""
    reader = connect(pair.standby)
    assert reader.value("SELECT pg_is_in_recovery()")
    pair.deploy("ridge")
    pair.replayed(reader)
    assert reader.value(PREDICT) == DOUBLED
    return reader


def test_a_deployment_is_answered_once_it_is_replayed(pair, reader):
    for algorithm, expected in (("linear", TRIPLED), ("ridge", DOUBLED), ("linear", TRIPLED)):
        pair.deploy(algorithm)
        pair.replayed(reader)
        assert reader.value(PREDICT) == expected


def test_a_transaction_goes_on_with_what_its_snapshot_sees(pair, reader):
    watch = connect(pair.standby)
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; DECLARE c CURSOR FOR " + PREDICT)
    assert reader.value(PREDICT) == DOUBLED
    pair.deploy("linear")
    pair.replayed(watch)
    assert reader.value(PREDICT) == reader.value("FETCH c") == DOUBLED
    reader.execute("COMMIT")
    assert reader.value(PREDICT) == watch.value(PREDICT) == TRIPLED


def test_a_cursor_keeps_its_model(pair, reader):
    watch = connect(pair.standby)
    reader.execute("BEGIN; DECLARE c CURSOR FOR SELECT pgml.predict('line', ARRAY[i]) FROM generate_series(3, 5) AS i")
    pair.deploy("linear")
    pair.replayed(watch)
    for x in (3, 4, 5):
        assert reader.value(PREDICT) == TRIPLED
        assert reader.value("FETCH c") == pytest.approx(2 * x)
    reader.execute("COMMIT")


def test_rights_are_given_and_taken_on_the_primary(pair, reader):
    alice = connect(pair.standby, "alice")
    for _ in range(2):
        assert alice.refused(PREDICT).pgcode == "42501"
        pair.writer.execute("SELECT pgml.grant('line', 'predict', 'alice')")
        pair.replayed(reader)
        assert alice.value(PREDICT) == DOUBLED
        pair.writer.execute("SELECT pgml.revoke('line', 'predict', 'alice')")
        pair.replayed(reader)


def test_it_has_the_module_from_the_primary_s_data_directory(door, pair, reader):
    maps = (Path("/proc") / str(reader.pid) / "maps").read_text()
    assert (str(pair.standby.data / KEPT) in maps) == (door == "c")


def test_models_that_the_standby_has_no_file_of(pair, reader):
    folder = pair.standby.data / "pgml_predictors"
    assert list(folder.iterdir())
    shutil.rmtree(folder)
    assert reader.value(PREDICT) == connect(pair.standby).value(PREDICT) == DOUBLED
    digest = pair.writer.value("SELECT digest FROM pgml_internal.models JOIN pgml.deployed_models USING (id) WHERE name = 'line'")
    assert (folder / digest).is_file()


def test_what_changes_something_says_that_it_cannot(pair, reader):
    for call in ("pgml.deploy('line', 'most_recent')", "pgml.train('line')", "pgml.grant('line', 'predict', 'alice')"):
        assert reader.refused(f"SELECT {call}").pgcode == "25006"


def test_it_is_promoted_and_goes_on(pair, reader):
    """The last of these tests: the pair is none afterwards."""
    reader.execute("SELECT pg_promote()")
    assert not reader.value("SELECT pg_is_in_recovery()")
    assert reader.value(PREDICT) == DOUBLED
    pair.primary.stop()
    writer = connect(pair.standby)
    for algorithm, expected in (("linear", TRIPLED), ("ridge", DOUBLED)):
        writer.execute("SELECT pgml.deploy('line', 'most_recent', %s)", algorithm)
        assert reader.value(PREDICT) == writer.value(PREDICT) == expected
    assert reader.train("line", None, "tripled", "z", deploy=True)[2] == "linear"
