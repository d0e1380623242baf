"""The file of the module in C: what cannot be built or loaded, is missing, damaged, or of another version."""

from __future__ import annotations

import os
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from places import Place, new_place
from sessions import Session

from pgml.cli import main
from pgml.server import door, psql
from pgml.server.cluster import PACKAGE
from pgml.server.installation import SQL, install, install_schema
from pgml.server.postgres import Postgres

PREDICT = "SELECT pgml.predict('sum', '{1,2,3}')"
IN_C = "SELECT to_regprocedure('pgml_doors.predict(text, float8[])') IS NOT NULL"
NOTE = "Note: predictions go through PL/Python, without a module in C: "


@pytest.fixture
def built(cluster) -> Path:
    """The module for the tests' server."""
    return door.build(cluster.postgres.version)


@pytest.fixture
def package(server_folder, built, monkeypatch) -> Iterator[Path]:
    """A copy of the package's C, without what was built of it; return where the module will be."""
    copy = server_folder / "package"
    for folder in ("backend/c", "predictors/c"):
        shutil.copytree(PACKAGE / folder, copy / folder, ignore=shutil.ignore_patterns("*.so"))
    monkeypatch.setattr(door, "_PACKAGE", copy)
    monkeypatch.setattr(door, "_FOLDER", copy / "backend" / "c")
    yield copy / "backend" / "c"
    shutil.rmtree(copy)


@pytest.fixture
def programs(monkeypatch, tmp_path) -> Path:
    """An empty folder that is the only one on PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def script(path: Path, content: str) -> None:
    path.write_text("#!/bin/sh\n" + content)
    path.chmod(0o755)


def compiler(path: Path, gives: Path) -> None:
    """A compiler that is done at once."""
    script(path, f'while [ $# -gt 1 ]; do shift; done; /bin/cp "{gives}" "$1"')


def copied(module: Path, name: str, folder: Path) -> Path:
    """A copy of a module that the server can read."""
    copy = folder / name
    shutil.copyfile(module, copy)
    copy.chmod(0o755)
    return copy


def for_another_server(module: Path) -> None:
    """Have the module say that it was built for another major version of PostgreSQL."""
    content, said = module.read_bytes(), struct.Struct("=iiii")
    version = int(module.name.split("-")[1])
    here = [at for at in range(0, len(content) - 16, 4) if said.unpack_from(content, at)[1:] == (version * 100, 100, 32)]
    assert len(here) == 1, "where PG_MODULE_MAGIC is"
    module.write_bytes(content[: here[0] + 4] + struct.pack("=i", version * 100 - 100) + content[here[0] + 8 :])


# -- installing --------------------------------------------------------------------------------------------


def assert_python_instead(database, said: str) -> None:
    """Installing says why there is no module, and predictions are as they were."""
    session = Session(database.connect())
    before = session.value(PREDICT)
    (note, *rest) = install_schema(database.dsn)
    assert note.startswith(NOTE + said) and not rest
    assert session.value(IN_C) is False
    assert session.value(PREDICT) == Session(database.connect()).value(PREDICT) == before


def test_without_a_compiler(trained, package, programs):
    assert_python_instead(trained, "there is no C compiler (apt-get install gcc libc6-dev)")


def test_without_headers(trained, package, programs, monkeypatch, tmp_path):
    monkeypatch.setattr(Postgres, "headers", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    script(programs / "cc", "exit 1")
    assert_python_instead(trained, "the server's development headers are not installed (apt-get install postgresql-server-dev-")
    script(programs / "apt-get", "echo 'E: no network' >&2; exit 100")
    script(programs / "dpkg-deb", "exit 1")
    assert_python_instead(trained, "the server's development headers cannot be fetched: E: no network (apt-get install")
    assert [path.name for path in package.glob("*.so")] == []


def test_a_compiler_that_fails(trained, package, built, programs):
    script(programs / "cc", "echo 'door.c:1: error: out of luck' >&2; exit 1")
    assert_python_instead(trained, "the compiler refuses it: door.c:1: error: out of luck")
    compiler(programs / "cc", gives=SQL)
    assert_python_instead(trained, "the file is cut off, or none that can be loaded")


def test_a_package_that_cannot_be_written_to(cluster, package, server_folder, built):
    """By the server's user, who installs what root has put there."""
    compiler(server_folder / "cc", gives=built)
    if cluster.user.uid == os.geteuid():
        package.chmod(0o555)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgml"
    if cache.exists():
        shutil.copytree(cache, server_folder / "cache" / "pgml", dirs_exist_ok=True)
    try_it = (
        "import sys; from pathlib import Path; from pgml.server import door; door._FOLDER = Path(sys.argv[1])\n"
        "try: door.build(int(sys.argv[2]))\nexcept door.ServerError as error: print(error.message, error.hint, sep='; ')"
    )
    said = cluster.user.run(
        [sys.executable, "-c", try_it, str(package), str(cluster.postgres.version)],
        {"PATH": str(server_folder), "PYTHONPATH": str(PACKAGE.parent), "XDG_CACHE_HOME": str(server_folder / "cache")},
    )
    assert said == f"it cannot be written to {package}: Permission denied; run pgml install once as the owner of that folder\n"


@pytest.mark.parametrize("content", [b"", b"text\n", "half", "most"])
def test_a_damaged_module_is_built_again(trained, package, built, content, programs):
    """To load one that is cut off would end the server."""
    module, sound = package / built.name, built.read_bytes()
    sizes = {"half": len(sound) // 2, "most": len(sound) - 4096}
    module.write_bytes(sound[: sizes[content]] if isinstance(content, str) else content)
    assert_python_instead(trained, "there is no C compiler")
    compiler(programs / "cc", gives=built)
    (said,) = install_schema(trained.dsn)
    assert said == f"Predictions are made in C, by {module}."
    assert Session(trained.connect()).value(IN_C) is True


def test_a_module_for_another_server(trained, package, built):
    module = copied(built, built.name, package)
    for_another_server(module)
    assert_python_instead(trained, "the server cannot load it: incompatible library")


# -- at run time -------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(trained, built, server_folder) -> Iterator[Path]:
    """A module that the database's functions are in, beside the package's own."""
    module = copied(built, "an_older_one.so", server_folder)
    psql.run(SQL, trained.dsn, {"door": str(module)})
    yield module
    module.unlink(missing_ok=True)


def doctor(dsn: str, capsys: pytest.CaptureFixture) -> str:
    main(["doctor", dsn])
    return capsys.readouterr().out


@pytest.mark.parametrize("replaced", [False, True])
def test_a_module_that_is_not_there_any_more(trained, elsewhere, built, capsys, replaced):
    before = Session(trained.connect())
    expected = before.value(PREDICT)
    elsewhere.unlink()
    if replaced:
        elsewhere.write_text("text")
        elsewhere.chmod(0o755)
    assert before.value(PREDICT) == expected, "who has loaded it goes on"
    with pytest.raises(psycopg2.Error) as caught:
        Session(trained.connect()).execute(PREDICT)
    assert str(elsewhere) in str(caught.value)
    said = doctor(trained.dsn, capsys)
    assert f"MISSING  predictions are made by {elsewhere}, but " in said and "→ pgml install" in said
    assert install(trained.dsn)[0] == f"Predictions are made in C, by {built}."
    assert Session(trained.connect()).value(PREDICT) == before.value(PREDICT) == expected


def test_an_old_module_beside_a_new_one(trained, elsewhere, built, capsys):
    """A session goes from one to the other, and both hear of what changes."""
    session, other = (Session(trained.connect()) for _ in range(2))
    expected = session.value(PREDICT)
    session.execute("BEGIN; DECLARE c CURSOR FOR SELECT pgml.predict('sum', ARRAY[1, 2, 3 + 0 * i]) FROM generate_series(1, 3) AS i")
    assert session.value("FETCH c") == expected
    assert f"this package has another, {built.name}" in doctor(trained.dsn, capsys)
    install_schema(trained.dsn)
    assert session.value("FETCH c") == session.value(PREDICT) == expected
    other.execute("SELECT pgml.deploy('sum', 'most_recent', 'random_forest')")
    assert session.value("FETCH c") == expected
    assert session.value(PREDICT) == other.value(PREDICT) != expected
    session.execute("COMMIT")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_dump_is_restored(trained, elsewhere, cluster, built, is_there, capsys):
    """Nothing of a dump needs the module, which installing again then brings; until then that is what is said."""
    source = Place(cluster, trained.name)
    expected = source.execute(PREDICT)
    source.execute("CREATE VIEW predicted AS SELECT pgml.predict('sum', ARRAY[a, b, c]) FROM points")
    dump = source.dump()
    assert str(elsewhere) not in dump
    source.disconnect()
    if not is_there:
        elsewhere.unlink()
    with new_place(cluster, "template0") as restored:
        assert restored.restore(dump) == []
        with pytest.raises(psycopg2.errors.UndefinedFunction, match="pg_catalog.pgml_predict"):
            restored.connect().execute(PREDICT)
        assert main(["doctor", restored.dsn]) == 1
        assert "the functions of the module in C, which predictions are made by, are missing" in capsys.readouterr().out
        install_schema(restored.dsn)
        assert restored.connect().execute(PREDICT) == expected
        assert len(restored.execute("TABLE predicted")) == 200
        install_schema(trained.dsn)
        assert restored.dump("--schema-only") == source.dump("--schema-only")
