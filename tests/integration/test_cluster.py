"""The life of a private server: made, started, stopped, killed, and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from sessions import AT_ONCE, eventually, processes

from pgml import __version__
from pgml.errors import ServerError
from pgml.server.cluster import PACKAGE, Cluster

PGML = Path(sys.executable).with_name("pgml")


def rows(connection, statement: str) -> list[tuple]:
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def query(cluster: Cluster, statement: str) -> list[tuple]:
    return rows(cluster.connect("postgres"), statement)


def answers(dsn: str) -> bool:
    try:
        psycopg2.connect(dsn).close()
    except psycopg2.OperationalError:
        return False
    return True


def kill(cluster: Cluster) -> None:
    """End the server's main process without letting it tidy up."""
    pid = cluster.running.pid
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: all(pid != each for each, _, _ in processes()))  # or nobody has asked yet how it ended


@pytest.fixture
def pgml(server_folder: Path, free_port: int):
    """Run the command with a server folder of its own, and return the finished process."""
    home = server_folder / "command"

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess:
        variables = {**os.environ, "PGML_HOME": str(home), **environment}
        return subprocess.run([str(PGML), *words], env=variables, capture_output=True, text=True, check=False)

    yield run
    run("down")
    shutil.rmtree(home, ignore_errors=True)


def test_a_day_with_the_private_server(pgml, free_port, server_folder):
    home = server_folder / "command"
    assert pgml("status").returncode == 3
    first = pgml("up", "--port", str(free_port))
    assert first.returncode == 0, first.stderr
    assert f"runs on port {free_port}" in first.stdout
    pid = Cluster(home).running.pid
    assert pgml("up").returncode == 0
    assert Cluster(home).running.pid == pid, "a second up leaves the server alone"

    assert pgml("psql", "-c", "CREATE TABLE kept AS SELECT 42 AS answer").returncode == 0
    assert pgml("psql", "-Atc", "SELECT pgml.version()").stdout.strip() == __version__
    assert (
        pgml("psql", "-Atc", "SELECT current_user, current_database()").stdout
        == "postgres|pgml_development\n"
    )
    encoding = (
        "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()"
    )
    assert pgml("psql", "-Atc", encoding).stdout == "UTF8|C.UTF-8\n"
    assert pgml("psql", "-Atc", "SHOW data_checksums").stdout == "on\n"

    assert pgml("down").returncode == 0
    assert pgml("status").returncode == 3
    assert "was not running" in pgml("down").stdout
    assert pgml("up").returncode == 0
    assert f"runs on port {free_port}" in pgml("status").stdout, "the port is remembered"
    kill(Cluster(home))
    assert pgml("status").returncode == 3
    assert pgml("up").returncode == 0
    assert pgml("psql", "-Atc", "SELECT answer FROM kept").stdout == "42\n"


def test_psql_hands_on_arguments_and_exit_status(pgml):
    assert "the server does not run\nTry: pgml up" in pgml("psql").stderr
    assert pgml("up", "--listen", "").returncode == 0
    assert "psql (PostgreSQL)" in pgml("psql", "--version").stdout
    assert pgml("psql", "-v", "ON_ERROR_STOP=1", "-c", "SELECT 1/0").returncode == 1


def test_a_taken_port_is_named_with_who_has_it(new_cluster):
    cluster = new_cluster()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ServerError, match=rf"port {port} is taken by .* \(process {os.getpid()}\)"
        ) as refused:
            cluster.start(port)
    assert f"--port {port + 1}" in refused.value.hint
    assert not cluster.exists


def test_another_port_for_a_running_server_is_refused(new_cluster):
    cluster = new_cluster()
    cluster.start(address="")
    with pytest.raises(ServerError, match="runs already, on port 5433"):
        cluster.start(5999)


@pytest.mark.parametrize("pid_taken", [False, True])
def test_a_killed_server_starts_again(new_cluster, pid_taken):
    cluster = new_cluster()
    cluster.start(address="")
    query(cluster, "CREATE TABLE kept AS SELECT 42 AS answer")
    query(cluster, "CHECKPOINT")  # the tests' servers do not wait for the disk at a commit
    kill(cluster)
    other = subprocess.Popen(["sleep", "1000"], **({"user": cluster.user.uid} if os.geteuid() == 0 else {}))
    try:
        if pid_taken:
            for lock in (cluster.data / "postmaster.pid", cluster.socket_folder / ".s.PGSQL.5433.lock"):
                lines = lock.read_text().splitlines(keepends=True)
                lock.write_text("".join([f"{other.pid}\n", *lines[1:]]))
        assert cluster.running is None
        cluster.start(address="")
        assert query(cluster, "SELECT answer FROM kept") == [(42,)]
    finally:
        other.kill()
        other.wait()


def test_a_long_path_gets_a_short_socket(new_cluster):
    cluster = new_cluster("a" * 120)
    cluster.start(address="")
    assert query(cluster, "SELECT 1") == [(1,)]
    assert cluster.home not in cluster.socket_folder.parents
    assert cluster.socket_folder.stat().st_mode & 0o777 == 0o700


def test_a_socket_folder_that_somebody_else_made_is_refused(new_cluster):
    cluster = new_cluster("b" * 120)
    cluster.socket_folder.mkdir(mode=0o777)
    cluster.socket_folder.chmod(0o777)
    with pytest.raises(ServerError, match="is not a folder of the server's user alone"):
        cluster.start(address="")


def test_an_interrupted_creation_is_made_anew(new_cluster):
    cluster = new_cluster()
    (cluster.home / "data.new").mkdir(parents=True)
    (cluster.home / "data.new" / "PG_VERSION").write_text("15\n")
    assert not cluster.exists
    cluster.start(address="")
    assert query(cluster, "SELECT 1") == [(1,)]


def test_the_server_gets_this_environment_and_no_other(cluster, monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere")
    monkeypatch.setenv("PYTHONHOME", "/somewhere")
    environment = cluster.environment()
    assert environment["PYTHONPATH"] == str(PACKAGE.parent)
    assert environment["PGML_PYTHON"] == sys.executable
    assert not {"VIRTUAL_ENV", "PYTHONHOME"} & environment.keys()


def test_an_activated_environment_is_not_that_of_the_backends(new_cluster, monkeypatch):
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin:{os.environ['PATH']}")
    cluster = new_cluster()
    cluster.start(address="")
    with contextlib.closing(cluster.connect("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION plpython3u")
        cursor.execute(
            "CREATE FUNCTION prefix() RETURNS text LANGUAGE plpython3u AS 'import sys; return sys.prefix'"
        )
        cursor.execute("SELECT prefix()")
        assert cursor.fetchone() != (sys.prefix,)


def test_two_commands_at_once_make_one_server(server_folder):
    home = server_folder / "at_once"
    environment = {**os.environ, "PGML_HOME": str(home)}
    both = [subprocess.Popen([str(PGML), "up", "--listen", ""], env=environment) for _ in range(2)]
    try:
        assert [one.wait() for one in both] == [0, 0]
    finally:
        Cluster(home).stop()
        shutil.rmtree(home)


def test_foreground_becomes_the_server(server_folder, free_port):
    home = server_folder / "foreground"
    home.mkdir()
    (home / "password").write_text("secret\n")
    command = [
        str(PGML),
        "up",
        "--foreground",
        "--port",
        str(free_port),
        "--password-file",
        str(home / "password"),
    ]
    server = subprocess.Popen(command, env={**os.environ, "PGML_HOME": str(home)}, stderr=subprocess.DEVNULL)
    cluster = Cluster(home)
    try:
        place = f"host=127.0.0.1 port={free_port} user=postgres password=secret dbname=pgml_development"
        eventually(lambda: server.poll() is not None or answers(place))
        assert cluster.running.pid == server.pid
        assert rows(psycopg2.connect(place), "SELECT pgml.version()") == [(__version__,)]
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(AT_ONCE) == 0
        shutil.rmtree(home)
