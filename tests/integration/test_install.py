"""Installing pgml in a server that exists: what it checks, what it writes, and that again is the same."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from places import Place

import pgml
from pgml.errors import ServerError
from pgml.server import installation
from pgml.server.cluster import PACKAGE, Cluster
from pgml.server.door import build
from pgml.server.installation import install, install_schema


class ExistingServer(Cluster):
    """A server that was started by somebody who does not know pgml, with a home folder for its user."""

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in super().environment().items() if "PYTHON" not in name}
        return kept | {"HOME": str(self.data / "home")}


@pytest.fixture
def existing(new_cluster) -> ExistingServer:
    server = new_cluster(kind=ExistingServer)
    server.start(address="")
    return server


def catalog(cluster: Cluster, database: str) -> str:
    """Everything in the database but its rows, as pg_dump tells it."""
    return Place(cluster, database).dump("--schema-only")


def test_installing_twice_changes_nothing(database):
    database.execute("SELECT pgml_internal.create_project('Kept', 'regression', current_user::regrole)")
    database.execute("GRANT EXECUTE ON FUNCTION pgml.train TO PUBLIC; REVOKE EXECUTE ON FUNCTION pgml.version FROM PUBLIC")
    before = catalog(database.cluster, database.name)
    assert "CREATE FUNCTION pgml.train" in before
    install(database.dsn)
    assert catalog(database.cluster, database.name) == before
    assert database.execute("SELECT name FROM pgml.projects") == [("Kept",)]


def test_plain_psql_gives_the_same_catalog(c_door, database):
    database.execute("CREATE DATABASE by_psql")
    try:
        psql = database.cluster.postgres.program("psql")
        module = build(database.cluster.postgres.version)
        command = [psql, f"--set=door={module}", "-f", str(installation.SQL), database.cluster.dsn("by_psql")]
        subprocess.run(command, capture_output=True, check=True)
        assert catalog(database.cluster, "by_psql") == catalog(database.cluster, database.name)
    finally:
        database.execute("DROP DATABASE by_psql")


def test_the_package_carries_the_sql_of_the_checkout():
    checkout = Path(__file__).parents[2] / "sql"
    carried = installation.SQL.parent
    assert {path.relative_to(checkout): path.read_text() for path in checkout.rglob("*.sql")} == {
        path.relative_to(carried): path.read_text() for path in carried.rglob("*.sql")
    }


def test_a_server_that_does_not_find_pgml_is_told_where_it_is(c_door, existing):
    dsn = existing.dsn("postgres")
    wrote, installed, door, runs = install(dsn)
    (link,) = (existing.data / "home").rglob("pgml.pth")
    assert str(link) in wrote
    assert link.read_text() == f"{PACKAGE.parent}\n"
    assert installed == "The schema is installed, in version 2."
    assert door.startswith("Predictions are made in C, by ")
    assert str(PACKAGE) in runs
    with contextlib.closing(existing.connect("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pgml.version()")
        assert cursor.fetchone() == (pgml.__version__,)
    assert install(dsn) == ["The schema is up to date already.", runs]


def test_the_password_of_a_connection_string_stays_off_the_command_line(database, monkeypatch):
    seen = {}

    def run(command, *, env, **options):
        seen.update(command=command, env=env)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("pgml.server.psql.subprocess.run", run)
    install_schema("postgresql://somebody:secret@localhost:5999/somewhere?sslmode=disable")
    assert "secret" not in " ".join(seen["command"])
    assert seen["env"]["PGPASSWORD"] == "secret"
    assert "sslmode=disable" in seen["command"][-1]


def test_a_server_that_is_not_there():
    with pytest.raises(ServerError, match="the server cannot be reached: .*nowhere"):
        install("host=/nowhere dbname=postgres")


def test_only_a_superuser_can_install(database):
    database.role("alice")
    with pytest.raises(ServerError, match="alice is no superuser"):
        install(psycopg2.extensions.make_dsn(database.dsn, user="alice", password="alice"))


def test_another_version_in_the_server_is_not_overlooked(existing, server_folder):
    old = server_folder / "old"
    (old / "pgml").mkdir(parents=True)
    (old / "pgml" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    major, minor = sys.version_info[:2]
    site = existing.data / "home" / ".local" / "lib" / f"python{major}.{minor}" / "site-packages"
    site.mkdir(parents=True)
    (site / "another.pth").write_text(f"{old}\n")
    with pytest.raises(
        ServerError, match=rf"finds 0\.0\.1 in {old}/pgml, where {pgml.__version__} is wanted"
    ):
        install(existing.dsn("postgres"))
    (site / "another.pth").unlink()
    assert install(existing.dsn("postgres"))[0] == "The schema is installed, in version 2."


def test_a_package_that_the_server_cannot_read(existing, server_folder, monkeypatch):
    if existing.user.name != "postgres":
        pytest.skip("the server's user is oneself")
    locked = server_folder / "locked"
    shutil.copytree(PACKAGE, locked / "pgml")
    locked.chmod(0o700)
    monkeypatch.setattr("pgml.__file__", str(locked / "pgml" / "__init__.py"))
    with pytest.raises(ServerError, match="the server's user cannot read"):
        install(existing.dsn("postgres"))
