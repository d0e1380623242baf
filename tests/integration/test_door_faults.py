"""Files of models that are damaged, replaced or taken away, between statements and in the midst of one.

The backend lives. Between statements the answers are right; in the midst of one they are, or an error says what happened.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psycopg2
import pytest
from sessions import Session, check_clean, eventually

from pgml.predictors.build import forest

BOTH_DOORS = True

PROJECTS = {
    "forest": ("random_forest", '{"n_estimators": 50}'),  # of many pages
    "pairs": ("svm", "{}"),  # whose numbers say which vectors belong to which class
}
LIMIT = 30  # seconds, after which a backend will not come back


@pytest.fixture(scope="module")
def database(trained_once):
    session = Session(trained_once.connect())
    session.execute("CREATE VIEW three AS SELECT a, b, c, a::integer % 3 AS label FROM points")
    for project, (algorithm, hyperparameters) in PROJECTS.items():
        session.train(project, "classification", "three", "label", algorithm, hyperparameters)
    return trained_once


@pytest.fixture(autouse=True)
def _no_backend_dies(cluster) -> Iterator[None]:
    """Hold the server to what its log says."""
    written = cluster.log.stat().st_size
    yield
    said = cluster.log.read_bytes()[written:]
    assert b"terminated by signal" not in said and b"PANIC" not in said


@pytest.fixture
def connect(database) -> Iterator[Callable[[], Session]]:
    """Open sessions that end with the test."""
    sessions: list[Session] = []

    def open_one() -> Session:
        sessions.append(Session(database.connect()))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.connection.close()


@pytest.fixture
def path(database, connect, project) -> Iterator[Path]:
    """The file of the project's model, which is there; whatever is in its place afterwards goes."""
    session = connect()
    session.predict(project, [1, 2, 3])
    deployed = "SELECT digest FROM pgml_internal.models JOIN pgml.deployed_models USING (id) WHERE name = %s"
    path = database.cluster.data / "pgml_predictors" / session.value(deployed, project)
    assert path.is_file()
    yield path
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.with_name("aside").unlink(missing_ok=True)


def write_over(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()


def put_in_place(path: Path, content: bytes) -> None:
    """As somebody who restores it from elsewhere."""
    before, aside = path.stat(), path.with_name("aside")
    aside.write_bytes(content)
    aside.chmod(0o600)
    os.chown(aside, before.st_uid, before.st_gid)
    aside.rename(path)


def another(size: int) -> bytes:
    """A sound predictor of about as many bytes, with other answers."""
    leaf = forest.Tree(*(np.array([value]) for value in (-1, -1, 0, 0.0, 7.0)))
    return forest.predictor([leaf] * max(1, size // 24), 3).to_bytes()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: os.truncate(path, 0),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "zeros": lambda path: write_over(path, bytes(path.stat().st_size)),
    "noise": lambda path: write_over(path, np.random.default_rng(1).bytes(path.stat().st_size)),
    "small numbers": lambda path: write_over(path, np.arange(path.stat().st_size // 8).tobytes()),
    "ones": lambda path: write_over(path, b"\xff" * path.stat().st_size),
    "another model": lambda path: write_over(path, another(path.stat().st_size)),
    "replaced by another": lambda path: put_in_place(path, another(path.stat().st_size)),
    "deleted": lambda path: path.unlink(),
    "written by its group": lambda path: path.chmod(0o620),
    "a link": lambda path: path.symlink_to(path.rename(path.with_name("aside"))),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("project", PROJECTS)
def test_between_statements(connect, project, path, damage):
    session = connect()
    expected = session.predict(project, [1, 2, 3])
    DAMAGES[damage](path)
    for each in (session, connect(), session):
        each.execute(f"SET statement_timeout = '{LIMIT}s'")
        for _ in range(3):
            assert each.predict(project, [1, 2, 3]) == expected


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("project", PROJECTS)
def test_in_the_midst_of_a_statement(connect, project, path, damage):
    session, other = (connect() for _ in range(2))
    expected = session.predict(project, [1, 2, 3])
    other.execute("SELECT pg_advisory_lock(1)")
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(
            session.execute,
            "SELECT pgml.predict(%s, ARRAY[i, 2, 3 + 0 * i]), pgml.predict_batch(%s, ARRAY[[i, 2, 3], [1, i, 3]]),"
            " CASE i WHEN 9 THEN pg_advisory_lock(1)::text END FROM generate_series(1, 99) AS i", project, project,
        )  # fmt: skip
        eventually(lambda: other.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1)
        DAMAGES[damage](path)
        other.execute("SELECT pg_advisory_unlock(1)")
        try:
            assert len(answers.result(LIMIT)) == 198
        except psycopg2.Error as error:
            check_clean(error)
        except TimeoutError:
            os.kill(session.pid, signal.SIGKILL)  # it hears nothing else
            raise
    assert session.predict(project, [1, 2, 3]) == expected


@pytest.mark.parametrize("project", ["forest"])
def test_a_file_that_changed_while_the_model_was_deployed_again(connect, project, path):
    """The look-up finds the model that the session has mapped, and not the damage that came meanwhile."""
    session = connect()
    expected = session.predict(project, [1, 2, 3])
    write_over(path, bytes(path.stat().st_size))
    session.execute("UPDATE pgml_internal.projects SET name = name WHERE name = %s", project)
    assert session.predict(project, [1, 2, 3]) == expected


@pytest.mark.parametrize("project", ["forest"])
def test_no_damage_is_one_too_many(connect, project, path):
    """A session maps the file anew each time."""
    session = connect()
    expected = session.predict(project, [1, 2, 3])
    for _ in range(10):
        os.truncate(path, 0)
        assert session.predict(project, [1, 2, 3]) == expected
    assert session.predict(project, [1, 2, 3]) == expected
    assert len([line for line in Path(f"/proc/{session.pid}/maps").read_text().splitlines() if path.name in line]) <= 2


@pytest.mark.parametrize("project", ["forest"])
@pytest.mark.parametrize("how", ["is gone", "cannot be written to"])
def test_the_folder(connect, project, path, how):
    folder, aside = path.parent, path.parent.with_name("pgml_aside")
    session = connect()
    expected = session.predict(project, [1, 2, 3])
    if how == "is gone":
        folder.rename(aside)
    else:
        path.unlink()
        folder.chmod(0o500)
    try:
        for each in (session, connect(), session):
            for _ in range(3):
                assert each.predict(project, [1, 2, 3]) == expected
    finally:
        if how == "is gone":
            for left in folder.iterdir():
                left.unlink()
            folder.rmdir()
            aside.rename(folder)
        folder.chmod(0o700)


# -- memory ------------------------------------------------------------------------------------------------


def private_of(pid: int) -> int:
    """Return the bytes of a process that no other has."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Private_"))


def test_a_large_model_costs_a_connection_little(connect):
    """A forest of 2.6 million nodes, whose file of 42 MB all sessions have in common."""
    rng = np.random.default_rng(1)
    nodes = 2**17 - 1
    inner = np.arange(nodes) < nodes // 2
    left = np.where(inner, 2 * np.arange(nodes) + 1, -1)
    trees = [
        forest.Tree(left, np.where(inner, left + 1, -1), np.where(inner, rng.integers(0, 3, nodes), 0), rng.random(nodes), rng.random(nodes))
        for _ in range(20)
    ]
    predictor = forest.predictor(trees, 3).to_bytes()
    first = connect()
    first.execute(
        "WITH made AS (SELECT %s::bytea AS bytes), model AS (UPDATE pgml_internal.models SET digest = encode(sha256(bytes), 'hex')"
        " FROM made WHERE id = (SELECT id FROM pgml.deployed_models WHERE name = 'parity') RETURNING id)"
        " UPDATE pgml_internal.artifacts SET predictor = bytes FROM model, made WHERE model_id = id", predictor,
    )  # fmt: skip
    ask = "SELECT sum(pgml.predict('parity', ARRAY[random(), random(), random()])) FROM generate_series(1, 1000)"
    first.execute(ask)
    second = connect()
    second.execute(ask.replace("parity", "sum"))  # what any prediction costs
    before = private_of(second.pid)
    second.execute(ask)
    assert private_of(second.pid) - before < 2 << 20
