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
CALLS = (
    PREDICT,
    "SELECT pgml.predict('sum', ARRAY[a, b, c]) FROM points",
    "SELECT pgml.predict_model(id, '{1,2,3}') FROM pgml.models",
    "SELECT pgml.classify('parity', ARRAY[a, b, c]), pgml.predict_proba('parity', ARRAY[a, b, c]) FROM points",
    "SELECT pgml.predict_batch('sum', array_agg(ARRAY[a, b, c])) FROM points",
    "SELECT sum(p) FROM pgml.predict_batch('sum', '{{1,2,3},{4,5,6}}') AS p",
)
REFUSALS = {
    "SELECT pgml.predict('nothing', '{1,2,3}')": 'unknown project "nothing"',
    "SELECT pgml.predict(NULL, '{1,2,3}')": "pgml.predict: project_name must not be NULL",
    "SELECT pgml.predict_model(99, '{1,2,3}')": "unknown model 99",
    "SELECT pgml.predict_model(NULL, '{1,2,3}')": "pgml.predict_model: model_id must not be NULL",
}
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
    assert said == f"Predictions are made in C, by {door.KEPT}/{module.name}."
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
    assert install(trained.dsn)[0] == f"Predictions are made in C, by {door.KEPT}/{built.name}."
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


@pytest.fixture
def kept(cluster, trained, package, built) -> Iterator[Path]:
    """The module in the server's data directory, which the database's functions are in; the package's own is gone."""
    copied(built, built.name, package)
    install_schema(trained.dsn)
    (package / built.name).unlink()
    yield cluster.data / door.KEPT / built.name
    copied(built, built.name, package)
    install_schema(trained.dsn)


def test_the_package_s_module_is_not_needed_any_more(trained, kept, cluster, capsys):
    """A server goes on with the one in its data directory, also where that is moved."""
    session = Session(trained.connect())
    assert session.value("SELECT probin FROM pg_proc WHERE oid = 'pgml_doors.predict(text, float8[])'::regprocedure") == f"{door.KEPT}/{kept.name}"
    assert session.value(PREDICT)
    assert str(kept) in session.value("SELECT pg_read_file(%s)", f"/proc/{session.pid}/maps")
    assert f"predictions are made in C, by {door.KEPT}/{kept.name}\n" in doctor(trained.dsn, capsys)
    found = kept.stat()
    assert found.st_mode & 0o777 == 0o700 and kept.parent.stat().st_mode & 0o777 == 0o700
    assert found.st_uid == cluster.user.uid


@pytest.mark.parametrize("damage", ["cut off", "written over", "gone"])
def test_a_kept_module_that_is_damaged_is_written_again(trained, kept, package, built, capsys, damage):
    before = Session(trained.connect())
    expected = before.value(PREDICT)
    sound = kept.read_bytes()
    kept.unlink()  # a session that has mapped it goes on
    if damage != "gone":
        kept.write_bytes(sound[: len(sound) // 2] if damage == "cut off" else b"text\n" * 100)
        kept.chmod(0o755)
    said = doctor(trained.dsn, capsys)
    assert f"MISSING  predictions are made by {door.KEPT}/{kept.name}, but " in said and "→ pgml install" in said
    copied(built, built.name, package)
    assert install_schema(trained.dsn) == []
    assert kept.read_bytes() == sound
    assert [path.name for path in kept.parent.iterdir() if path.name.startswith(kept.name)] == [kept.name]
    assert Session(trained.connect()).value(PREDICT) == before.value(PREDICT) == expected


def test_a_data_directory_that_takes_no_module(trained, package, built, cluster):
    """Then it is the package's own."""
    module = copied(built, built.name, package)
    folder = cluster.data / door.KEPT
    aside = folder.rename(folder.with_name("aside"))
    folder.write_text("no folder")
    try:
        assert install_schema(trained.dsn) == [f"Predictions are made in C, by {module}."]
        assert Session(trained.connect()).value(PREDICT)
    finally:
        folder.unlink()
        aside.rename(folder)


# -- dumps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_there", [True, False])
def test_a_dump_is_restored(trained, elsewhere, cluster, built, is_there, capsys):
    """What is restored answers through PL/Python, whether the module is there or not; to install again brings it."""
    source = Place(cluster, trained.name)
    source.execute("CREATE VIEW predicted AS SELECT pgml.predict('sum', ARRAY[a, b, c]) FROM points")
    answers = {call: source.execute(call) for call in CALLS}
    dump = source.dump()
    assert str(elsewhere) not in dump
    source.disconnect()
    if not is_there:
        elsewhere.unlink()
    with new_place(cluster, "template0") as restored:
        assert restored.restore(dump) == []
        assert restored.execute(IN_C) == [(False,)]
        assert {call: restored.connect().execute(call) for call in CALLS} == answers
        for call, refusal in REFUSALS.items():
            assert restored.as_role("postgres").refused(call).diag.message_primary == refusal
        assert main(["doctor", restored.dsn]) == 0
        assert "predictions go through PL/Python: the server has no module in C" in capsys.readouterr().out
        assert install_schema(restored.dsn) == [f"Predictions are made in C, by {door.KEPT}/{built.name}."]
        assert restored.execute(IN_C) == [(True,)]
        assert {call: restored.connect().execute(call) for call in CALLS} == answers
        assert install_schema(restored.dsn) == []
        assert restored.dump() == dump


def test_a_dump_is_the_same_with_the_module_and_without(trained, cluster):
    place = Place(cluster, trained.name)
    dump = place.dump()
    # Also what an administrator says of all functions in a schema.
    everywhere = "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgml_doors TO pg_monitor; COMMENT ON FUNCTION pgml_doors.predict(text, float8[]) IS 'C'"
    place.execute(everywhere)
    assert "pg_monitor" in (given := place.dump()) and given.count("FUNCTION pgml_doors.") > dump.count("FUNCTION pgml_doors.")
    with new_place(cluster, "template0") as restored:
        assert restored.restore(given) == []
    place.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA pgml_doors FROM pg_monitor")
    assert place.dump() == dump
    install_schema(place.dsn, use_door=False)
    assert place.dump() == dump
    place.disconnect()


# -- taking it away ----------------------------------------------------------------------------------------

FUNCTIONS_IN_C = "SELECT count(*) FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang WHERE lanname = 'c' AND p.oid >= 16384 AND probin LIKE '%pgml_door%'"


@pytest.mark.parametrize("what", ["SCHEMA pgml_doors CASCADE", "FUNCTION pgml_doors.predict(varchar, float8[])"])
def test_what_is_in_c_goes_with_what_it_is_a_part_of(trained, what):
    """And takes nothing of anybody else's with it, such as PL/Python and all that is written in it."""
    session = Session(trained.connect())
    session.execute("CREATE FUNCTION one() RETURNS int LANGUAGE plpython3u AS 'return 1'")
    expected = session.value(PREDICT)
    assert session.value(FUNCTIONS_IN_C) == 8
    error = session.refused("DROP FUNCTION pgml_doors.predict(text, float8[])")
    assert "requires it" in error.diag.message_primary
    session.execute(f"DROP {what}")
    assert session.value(FUNCTIONS_IN_C) == 0
    assert session.value("SELECT one()") == 1
    assert session.refused(PREDICT).pgcode in ("42883", "3F000")
    install_schema(trained.dsn)
    assert session.value(FUNCTIONS_IN_C) == 8
    assert session.value(PREDICT) == expected


def test_without_pl_python_until_it_is_installed_again(trained):
    session = Session(trained.connect())
    expected = session.value(PREDICT)
    assert "other objects depend on it" in session.refused("DROP EXTENSION plpython3u").diag.message_primary
    session.execute("DROP EXTENSION plpython3u CASCADE")
    assert session.value(FUNCTIONS_IN_C) == 0
    install_schema(trained.dsn)
    assert session.value(FUNCTIONS_IN_C) == 8
    assert Session(trained.connect()).value(PREDICT) == expected
