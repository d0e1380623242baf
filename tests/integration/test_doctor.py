"""What `pgml doctor` says of a server: the one that is named, else the private one."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from psycopg2.extensions import make_dsn

import pgml
from pgml.cli import main
from pgml.server.cluster import DATABASE, PACKAGE, Cluster
from pgml.server.installation import install


@pytest.fixture
def doctor(capsys, monkeypatch, tmp_path):
    """Run `pgml doctor` where there is no private server and no variable; return its status, and its lines by mark."""
    monkeypatch.setenv("PGML_HOME", str(tmp_path / "none"))
    for name in [name for name in os.environ if name.startswith("PG") and name != "PGML_HOME"]:
        monkeypatch.delenv(name)

    def run(*words: str) -> tuple[int, dict[str, str]]:
        status = main(["doctor", *words])
        said: dict[str, str] = {"ok": "", "MISSING": "", "note": "", "→": ""}
        for line in capsys.readouterr().out.splitlines():
            mark, _, what = line.strip().partition(" ")
            said[mark] += what.strip() + "\n"
        return status, said

    return run


class Restarted(Cluster):
    """A server whose environment a test has a word in."""

    others: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        return super().environment() | self.others


def test_a_server_that_is_named(doctor, database, monkeypatch):
    status, said = doctor(database.dsn)
    assert (status, said["MISSING"], said["note"]) == (0, "", "")
    assert f"database {database.name}, user postgres" in said["ok"]
    assert "its schema is of version 2, as this package's" in said["ok"]
    assert f"finds pgml {pgml.__version__} in {PACKAGE}\n" in said["ok"]
    assert f"its engine runs {sys.executable}, with sklearn " in said["ok"]
    assert f"pgml-core {pgml.__version__}" in said["ok"]

    monkeypatch.setenv("PGHOST", str(database.cluster.socket_folder))
    for name, value in (("PGPORT", database.cluster.port), ("PGUSER", "postgres"), ("PGDATABASE", database.name)):
        monkeypatch.setenv(name, str(value))
    assert doctor() == (status, said)


def test_a_database_without_pgml(doctor, database):
    database.execute("CREATE DATABASE bare")
    try:
        dsn = make_dsn(database.cluster.dsn("bare"), password="it's secret")
        status, said = doctor(dsn)
        assert status == 1
        assert said["MISSING"] == "pgml is not installed in this database\n"
        assert said["→"].startswith("pgml install ") and "dbname=bare" in said["→"] and "secret" not in said["→"]
        install(dsn)
        assert doctor(dsn)[0] == 0
    finally:
        database.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.mark.parametrize(("version", "remedy"), [(1, "pgml install "), (99, "pip install --upgrade pgml-core")])
def test_a_schema_of_another_version(doctor, database, version, remedy):
    database.execute("UPDATE pgml_internal.schema_versions SET version = %s", version)
    status, said = doctor(database.dsn)
    assert status == 1
    assert said["MISSING"] == f"its schema is of version {version}, this package's is 2\n"
    assert said["→"].startswith(remedy)


def test_who_is_no_superuser_sees_the_schema(doctor, database):
    database.role("alice")
    database.execute("GRANT USAGE ON SCHEMA pgml TO alice")
    status, said = doctor(make_dsn(database.dsn, user="alice", password="alice"))
    assert (status, said["MISSING"]) == (0, "")
    assert "its schema is of version 2" in said["ok"]
    assert "alice is none" in said["note"]


def test_what_is_wrong_where_the_engine_runs(doctor, new_cluster):
    cluster = new_cluster(kind=Restarted)
    cluster.others = {"PGML_PYTHON": "/usr/bin/false"}
    cluster.start(address="")
    status, said = doctor(cluster.dsn("postgres"))
    assert status == 1
    assert "the engine does not run in /usr/bin/false: it ended with status 1\n" in said["MISSING"]
    assert "PGML_PYTHON" in said["→"]


def test_another_package_than_this(doctor, new_cluster, server_folder):
    old = server_folder / "another"
    (old / "pgml").mkdir(parents=True)
    (old / "pgml" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    cluster = new_cluster(kind=Restarted)
    cluster.others = {"PYTHONPATH": str(old)}
    cluster.start(address="")
    status, said = doctor(cluster.dsn("postgres"))
    assert status == 1
    assert f"finds pgml 0.0.1 in {old}/pgml, where {pgml.__version__} is wanted" in said["MISSING"]


def test_a_server_that_cannot_be_reached(doctor):
    status, said = doctor("host=/nowhere dbname=postgres")
    assert status == 1
    assert said["MISSING"].startswith("the server cannot be reached: ")
    assert said["MISSING"].count("\n") == 1


def test_without_a_word_it_is_the_private_server(doctor, new_cluster, monkeypatch, server_folder):
    status, said = doctor()
    assert status == 1
    assert "does not run" in said["MISSING"] and said["→"] == "pgml up\n"

    cluster = new_cluster(kind=Restarted)
    monkeypatch.setenv("PGML_HOME", str(cluster.home))
    copy = server_folder / "moved" / "pgml"
    shutil.copytree(PACKAGE, copy)
    with open(copy / "__init__.py", "a") as file:
        file.write("# another copy\n")
    cluster.others = {"PYTHONPATH": str(copy.parent)}
    cluster.start(address="")
    cluster.create_database(DATABASE)
    install(cluster.dsn())
    status, said = doctor()
    assert status == 1
    assert said["MISSING"].endswith(f"finds pgml {pgml.__version__} in {copy}, not that in {PACKAGE}\n")
    assert said["→"] == "pgml down, then pgml up\n"
    cluster.stop()
    cluster.others = {}
    cluster.start(address="")
    assert doctor()[0] == 0
