"""Which server `pgml.connect()` finds: the one that is named, else the private one of its environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import psycopg2
import pytest

import pgml
from pgml.errors import ServerError
from pgml.server.cluster import DATABASE
from pgml.server.installation import install_schema

VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "PGPASSWORD", "PGPASSFILE")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about users that only root can become")


@pytest.fixture
def private(new_cluster, monkeypatch):
    """The environment's own server, not started yet, and nothing that names another."""
    cluster = new_cluster()
    monkeypatch.setenv("PGML_HOME", str(cluster.home))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return cluster


def start(cluster) -> None:
    cluster.start(address="")
    cluster.create_database(DATABASE)


def found(*arguments, **options) -> tuple[str, str]:
    """The folder of the server that is connected to, and the database."""
    with pgml.connect(*arguments, **options) as db, db.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_directory'), current_database()")
        return cursor.fetchone()


def test_without_a_word_it_is_the_private_server(private):
    start(private)
    own = (str(private.data), DATABASE)
    assert found() == found("") == own
    assert found(application_name="notebook") == found("application_name=notebook") == own
    assert found("postgresql:///?application_name=notebook") == own
    assert found(host=None, connect_timeout=30) == own


def test_what_is_named_wins(private, cluster, monkeypatch):
    start(private)
    other = (str(cluster.data), "postgres")
    assert found(cluster.dsn("postgres")) == other
    assert found(**psycopg2.extensions.parse_dsn(cluster.dsn("postgres"))) == other
    for name, value in (("HOST", cluster.socket_folder), ("PORT", cluster.port), ("USER", "postgres")):
        monkeypatch.setenv(f"PG{name}", str(value))
    assert found() == other
    monkeypatch.delenv("PGHOST")
    with pytest.raises(psycopg2.OperationalError):  # the port alone is a word, too: libpq's own host
        found(port=1)


def test_a_server_that_does_not_run_is_told(private):
    with pytest.raises(ServerError, match=f"this environment's own, in {private.home}, has not been made yet") as error:
        pgml.connect()
    assert error.value.hint.startswith(f"start it: {sys.prefix}/bin/pgml up; or name another server")
    with private.locked():
        private.create()
    with pytest.raises(ServerError, match=f"in {private.home}, does not run"):
        pgml.connect()


def as_user(user: str, **variables: str) -> str:
    """What an OS user's `pgml.connect()` says: pgml's version, or the error."""
    script = """
import sys
sys.path[:0] = __import__("json").loads(sys.argv[1])
import pgml
try:
    print(pgml.connect().version())
except Exception as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps([path for path in sys.path if path])],
        env={**os.environ, **variables, "PYTHONDONTWRITEBYTECODE": "1"},
        user=user,
        group="nogroup",
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@as_root
def test_root_and_the_servers_user_come_in_and_others_are_told(private):
    start(private)
    install_schema(private.dsn())
    assert as_user("root") == as_user(private.user.name) == pgml.__version__
    said = as_user("nobody")
    assert said.startswith(f"the server in {private.home} belongs to the user {private.user.name}\nHINT: ")
    assert "or name another server" in said


@as_root
def test_an_ordinary_user_finds_the_server_that_is_theirs(server_folder):
    home = server_folder / "ordinary"
    home.mkdir()
    os.chown(home, 65534, -1)
    script = "import sys; from pgml.cli import main; sys.exit(main(sys.argv[1:]))"
    place = {"PGML_HOME": str(home), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, **place}

    def command(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            env=environment, user="nobody", group="nogroup", extra_groups=[], cwd="/", capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        command("up", "--listen", "")
        assert as_user("nobody", PGML_HOME=str(home)) == pgml.__version__
        assert as_user("root", PGML_HOME=str(home)) == pgml.__version__
    finally:
        command("down")
