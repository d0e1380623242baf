"""Who may reach a private server, and what the user that it runs as has to be able to read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from pgml.errors import ServerError
from pgml.server.cluster import PACKAGE, Cluster

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root does for the server's user")


def test_tcp_asks_for_the_password(new_cluster, free_port):
    cluster = new_cluster()
    cluster.start(free_port)
    assert cluster.passwords.path.stat().st_mode & 0o777 == 0o600
    place = {"host": "127.0.0.1", "port": free_port, "user": "postgres", "dbname": "postgres"}
    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        psycopg2.connect(**place, passfile="/nonexistent")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(**place, password="wrong")
    psycopg2.connect(**place, password=cluster.passwords.password).close()
    psycopg2.connect(**place, passfile=str(cluster.passwords.path)).close()

    cluster.start(password="it's: a\\secret")
    assert cluster.passwords.password == "it's: a\\secret"
    psycopg2.connect(**place, passfile=str(cluster.passwords.path)).close()
    cluster.passwords.path.unlink()
    cluster.start()
    psycopg2.connect(**place, password=cluster.passwords.password).close()


@as_root
def test_the_socket_lets_only_the_owner_in(new_cluster):
    cluster = new_cluster()
    cluster.start(address="")
    psql = [
        cluster.postgres.program("psql"),
        "--no-password",
        "-Atc",
        "SELECT current_user",
        cluster.dsn("postgres"),
    ]
    assert subprocess.run(psql, capture_output=True, text=True, check=False).stdout == "postgres\n"
    assert cluster.user.run(psql) == "postgres\n"
    stranger = subprocess.run(psql, user="nobody", capture_output=True, text=True, check=False)
    assert stranger.returncode != 0 and "Permission denied" in stranger.stderr
    cluster.socket_folder.chmod(0o755)
    stranger = subprocess.run(psql, user="nobody", capture_output=True, text=True, check=False)
    assert "Peer authentication failed" in stranger.stderr


@as_root
def test_root_runs_it_as_an_ordinary_user(new_cluster):
    cluster = new_cluster()
    cluster.start(address="")
    assert Path(f"/proc/{cluster.running.pid}").stat().st_uid == cluster.user.uid != 0


def test_root_without_a_user_for_the_server_is_told_so(new_cluster, monkeypatch):
    def unknown(name):
        raise KeyError(name)

    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("pwd.getpwnam", unknown)
    with pytest.raises(ServerError, match="refuses to run as root"):
        _ = new_cluster("nowhere").user
    monkeypatch.undo()


@as_root
@pytest.mark.parametrize("what", ["package", "home"])
def test_a_folder_that_the_server_cannot_read_is_named(server_folder, what):
    locked = server_folder / f"locked_{what}"
    (locked / "checkout").mkdir(parents=True)
    locked.chmod(0o700)
    environment = {**os.environ, "PGML_HOME": str(server_folder / "readable")}
    if what == "package":
        shutil.copytree(PACKAGE, locked / "checkout" / "pgml")
        environment["PYTHONPATH"] = str(locked / "checkout")
    else:
        environment["PGML_HOME"] = str(locked / "server")
    command = [
        sys.executable,
        "-c",
        "import sys; from pgml.cli import main; sys.exit(main(['up', '--listen', '']))",
    ]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"pgml: the server's user postgres cannot read {locked}\nTry: ")
    assert "chmod" in refused.stderr
    assert not (Path(environment["PGML_HOME"]) / "data").exists()


@as_root
def test_a_single_unreadable_file_is_named(server_folder, tmp_path_factory):
    copy = server_folder / "copy"
    shutil.copytree(PACKAGE, copy / "pgml", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "pgml" / "plugin" / "registry.py").chmod(0o600)
    with pytest.raises(ServerError, match=r"cannot read .*copy/pgml/plugin/registry\.py"):
        Cluster(server_folder / "unused").user.check_reads(copy / "pgml", server_folder)


def test_somebody_elses_server_is_left_alone(new_cluster, monkeypatch):
    cluster = new_cluster()
    cluster.start(address="")
    owner = cluster.user.name
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(ServerError, match=f"belongs to the user {owner}"):
        cluster.stop()
    monkeypatch.undo()


@as_root
def test_the_first_process_of_a_container_is_another(server_folder):
    own_processes = ["unshare", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*own_processes, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this container may not have another inside")
    script = "import sys; from pgml.cli import main; sys.exit(main(['up', '--foreground']))"
    environment = {**os.environ, "PGML_HOME": str(server_folder / "first")}
    refused = subprocess.run(
        [*own_processes, sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("pgml: PostgreSQL cannot be process 1 of a container\nTry: tini -- ")
    assert not (server_folder / "first").exists()
