"""Predictions wherever SQL takes an expression: in parallel plans, views, loops, from damaged files, of many models."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sessions import Session, engines

from pgml import predictors
from pgml.predictors.read.stored import predictor_of

BOTH_DOORS = True

IN_PARALLEL = """
    SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
    SET max_parallel_workers_per_gather = 2; SET parallel_leader_participation = {leader};
"""
# A parallel plan whatever the table's size; PostgreSQL 16 has another name for it.
FORCED = """
    SELECT set_config(name, '{mode}', false) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode')
"""


@pytest.fixture
def session(trained_once) -> Session:
    return Session(trained_once.connect())


@pytest.fixture
def own(trained) -> Session:
    """A session with a database that the test may change."""
    return Session(trained.connect())


def digest(session: Session, project: str) -> str:
    return session.value(
        "SELECT m.digest FROM pgml.models AS m JOIN pgml.deployed_models AS d USING (id) WHERE d.name = %s",
        project,
    )


def files(database) -> Path:
    return database.cluster.data / "pgml_predictors"


@pytest.mark.parametrize("project", ["sum", "parity"])
def test_predictions_are_those_of_the_stored_model(session, project):
    (predictor,) = session.execute(
        "SELECT predictor FROM pgml_internal.artifacts JOIN pgml.deployed_models ON id = model_id WHERE name = %s",
        project,
    )[0]
    evaluator = predictors.evaluator(bytes(predictor), pure=True)
    rows = session.execute("SELECT a, b, c, pgml.predict(%s, ARRAY[a, b, c]) FROM points", project)
    assert [row[3] for row in rows] == [evaluator.predict_carefully(row[:3]) for row in rows]


def test_a_large_forest_is_stored_in_columns_and_answers_from_its_file(own, trained):
    own.execute("CREATE TABLE many AS SELECT random() AS a, random() AS b, random() AS target FROM generate_series(1, 2000)")
    own.train("many", "regression", "many", "target", algorithm="random_forest", hyperparams='{"n_estimators": 10}')
    stored, digest_ = own.execute(
        "SELECT predictor, digest FROM pgml_internal.artifacts JOIN pgml.models ON id = model_id ORDER BY id DESC LIMIT 1"
    )[0]
    whole = bytes(predictor_of(bytes(stored)))
    assert 2 * len(stored) < len(whole)
    assert hashlib.sha256(whole).hexdigest() == digest_
    evaluator = predictors.evaluator(whole)
    rows = own.execute("SELECT a, b, pgml.predict('many', ARRAY[a, b]) FROM many LIMIT 50")
    assert [row[2] for row in rows] == [evaluator.predict_carefully(row[:2]) for row in rows]
    assert (files(trained) / digest_).read_bytes() == whole
    assert bytes(own.value("SELECT pgml.export_model('many')")) == whole
    # Its score is to be beaten on rows of its own snapshot and, read from what was stored, on those of another.
    retrained = own.execute("SELECT status FROM pgml.train('many', relation_name => 'many', y_column_name => 'target')")
    assert retrained in ([("deployed",)], [("not deployed",)])
    assert "cannot be scored" not in "".join(own.notices)


# -- parallel plans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("leader", ["on", "off"])
def test_a_parallel_plan_gives_the_same_and_leaves_the_session_of_use(own, leader):
    own.execute("CREATE TABLE more AS SELECT p.* FROM points AS p, generate_series(1, 100)")
    query = "SELECT sum(pgml.predict('sum', ARRAY[a, b, c])), count(*) FILTER (WHERE pgml.predict('parity', ARRAY[a, b, c]) = 1) FROM more"
    own.execute("SET max_parallel_workers_per_gather = 0")
    serial = own.execute(query)
    own.execute(IN_PARALLEL.format(leader=leader))
    plan = "\n".join(row[0] for row in own.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {query}"))
    assert "Workers Launched: 2" in plan, plan
    ((total, count),) = own.execute(query)
    assert count == serial[0][1]
    assert total == pytest.approx(serial[0][0], rel=1e-12)
    fresh = own.execute("SELECT pgml.predict('sum', ARRAY[a, b, c]) FROM more ORDER BY a, b, c LIMIT 3")
    own.execute("SET max_parallel_workers_per_gather = 0")
    assert (
        own.execute("SELECT pgml.predict('sum', ARRAY[a, b, c]) FROM more ORDER BY a, b, c LIMIT 3") == fresh
    )
    assert own.train("sum", algorithm="linear")[0] == "sum"
    assert own.execute("SELECT * FROM pgml.deploy('sum', 'most_recent')")


def test_the_first_prediction_of_a_session_may_be_in_a_parallel_plan(session):
    """Nothing is loaded yet, in no process, and the leader of a parallel plan may not call SPI from Python."""
    session.execute(IN_PARALLEL.format(leader="on") + FORCED.format(mode="on"))
    assert session.value("SELECT count(pgml.predict('sum', ARRAY[a, b, c])) FROM points") == 200
    assert (
        session.value("SELECT count(*) FROM points WHERE pgml.predict('parity', ARRAY[a, b, c]) IN (0, 1)")
        == 200
    )


@pytest.mark.parametrize("bad", ["ARRAY[a]", "ARRAY[a, NULL, c]", "NULL"])
def test_errors_in_a_parallel_plan_are_as_clean_and_the_server_survives(session, bad):
    session.execute(IN_PARALLEL.format(leader="off") + FORCED.format(mode="on"))
    for _ in range(2):
        assert session.refused(f"SELECT sum(pgml.predict('sum', {bad})) FROM points").pgcode.startswith("ML0")
        assert session.refused("SELECT sum(pgml.predict('nothing', ARRAY[a])) FROM points").pgcode == "ML003"
    session.execute(FORCED.format(mode="off"))
    assert session.value("SELECT count(pgml.predict('sum', ARRAY[a, b, c])) FROM points") == 200


def test_a_parallel_plan_sees_what_the_transaction_deployed(own):
    query = "SELECT sum(pgml.predict('sum', ARRAY[a, b, c])) FROM points"
    before = own.value(query)
    own.execute(IN_PARALLEL.format(leader="off") + FORCED.format(mode="on"))
    own.execute("BEGIN")
    own.execute("SELECT pgml.deploy('sum', 'best_score', 'gradient_boosting_trees')")
    during = own.value(query)
    own.execute("ROLLBACK")
    assert during != pytest.approx(before)
    assert own.value(query) == pytest.approx(before)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_parallel_worker_knows_whom_it_works_for(own, compiled):
    """Also where there was no compiler when pgml was installed."""
    hidden = "" if compiled else "sys.modules['pgml.backend._process'] = None; sys.modules.pop('pgml.backend.process', None)"
    own.execute(
        f"""
        CREATE FUNCTION leader() RETURNS integer LANGUAGE plpython3u PARALLEL SAFE AS $$
        import sys
        {hidden}
        from pgml.backend import process
        return process.leader()
        $$
        """
    )
    assert own.value("SELECT leader()") is None
    own.execute(IN_PARALLEL.format(leader="off") + FORCED.format(mode="on"))
    assert own.value("SELECT min(leader()) FROM points") == own.pid


# -- model files -------------------------------------------------------------------------------------------


def damages(path: Path) -> list:
    content = path.read_bytes()
    return [
        lambda: path.unlink(),
        lambda: path.write_bytes(b""),
        lambda: path.write_bytes(content[: len(content) // 2]),
        lambda: path.write_bytes(content[:-1] + bytes([content[-1] ^ 1])),
        lambda: path.write_bytes(content + b"\0"),
        lambda: (path.unlink(), path.mkdir()),
    ]


@pytest.mark.parametrize(
    "kind", range(6), ids=["missing", "empty", "truncated", "flipped", "longer", "folder"]
)
def test_a_damaged_file_is_made_again_from_the_table(trained_once, session, kind):
    expected = session.predict("parity", [1, 2, 3])
    path = files(trained_once) / digest(session, "parity")
    damages(path)[kind]()
    again = Session(trained_once.connect())
    assert again.predict("parity", [1, 2, 3]) == expected
    if path.is_dir():  # it is in the way, so predictions go on without a file
        path.rmdir()
    else:
        assert predictors.evaluator(path.read_bytes()).predict_carefully([1, 2, 3]) == expected


@pytest.fixture
def swapped(trained, own) -> Iterator[tuple[Path, float, float]]:
    """The file of `sum`, which holds another model by the server's user, and the totals of both models over `points`."""
    path = files(trained) / digest(own, "sum")
    right = own.value(TOTAL)
    (other,) = own.execute(
        "SELECT predictor FROM pgml_internal.artifacts JOIN pgml.models ON id = model_id"
        " WHERE algorithm_name = 'gradient_boosting_trees'"
    )[0]
    evaluator = predictors.evaluator(bytes(other))
    wrong = sum(evaluator.predict_carefully(row) for row in own.execute("SELECT a, b, c FROM points"))
    aside = path.with_name("aside")  # in its place by renaming: others have mapped the file itself
    aside.write_bytes(other)
    aside.chmod(0o600)
    os.chown(aside, path.stat().st_uid, path.stat().st_gid)
    aside.rename(path)
    owner = path.stat().st_uid
    yield path, right, wrong
    os.chown(path.parent, owner, -1)
    path.parent.chmod(0o700)
    path.unlink(missing_ok=True)


TOTAL = "SELECT sum(pgml.predict('sum', ARRAY[a, b, c])) FROM points"
DOUBTS = {
    "written by its group": lambda path: path.chmod(0o620),
    "written by everybody": lambda path: path.chmod(0o602),
    "in a folder written by its group": lambda path: path.parent.chmod(0o770),
    "of somebody else": lambda path: (path.chmod(0o644), os.chown(path, 54321, -1)),
    "in a folder of somebody else": lambda path: (path.parent.chmod(0o755), os.chown(path.parent, 54321, -1)),
    "a link": lambda path: path.symlink_to(path.rename(path.with_name("linked"))),
}  # fmt: skip


def in_a_worker(database) -> float:
    session = Session(database.connect())
    session.execute(IN_PARALLEL.format(leader="off") + FORCED.format(mode="on"))
    return session.value(TOTAL)


def test_a_parallel_worker_does_not_hash_what_the_server_has_written(trained, swapped):
    """It lives for one query, and hashing a large model takes longer than predicting with it."""
    path, right, wrong = swapped
    assert in_a_worker(trained) == pytest.approx(wrong) != pytest.approx(right)
    assert Session(trained.connect()).value(TOTAL) == pytest.approx(right), "a backend does, and mends it"
    assert in_a_worker(trained) == pytest.approx(right)


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_parallel_worker_hashes_a_file_that_others_may_have_written(trained, swapped, doubt):
    path, right, _ = swapped
    if "of somebody else" in doubt and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    DOUBTS[doubt](path)
    assert in_a_worker(trained) == pytest.approx(right)


def test_files_are_the_servers_alone(trained_once, session):
    session.predict("sum", [1, 2, 3])
    folder = files(trained_once)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / digest(session, "sum")).stat().st_mode & 0o777 == 0o600
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")], (
        "no half-written ones are left"
    )


def test_sessions_share_the_file(trained_once, session):
    session.predict("sum", [1, 2, 3])
    inode = os.stat(files(trained_once) / digest(session, "sum")).st_ino
    other = Session(trained_once.connect())
    other.predict("sum", [1, 2, 3])
    for pid in (session.pid, other.pid):
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert f" {inode} " in maps and "pgml_predictors" in maps


def test_a_predictor_that_is_damaged_in_the_table_is_an_error(trained, own):
    path = files(trained) / digest(own, "sum")
    path.unlink(missing_ok=True)
    own.execute("BEGIN; UPDATE pgml_internal.artifacts SET predictor = 'not a predictor'")
    error = own.refused("SELECT pgml.predict('sum', '{1,2,3}')")
    assert error.pgcode == "ML016"
    own.execute("ROLLBACK")
    own.execute(
        "BEGIN; UPDATE pgml_internal.artifacts SET predictor = 'x'; UPDATE pgml_internal.models SET digest = encode(sha256('x'), 'hex')"
    )
    assert own.refused("SELECT pgml.predict('sum', '{1,2,3}')").pgcode == "ML016"
    own.execute("ROLLBACK")
    own.execute("BEGIN; DELETE FROM pgml_internal.artifacts")
    assert own.refused("SELECT pgml.predict('sum', '{1,2,3}')").pgcode == "ML016"
    own.execute("ROLLBACK")
    assert own.predict("sum", [1, 2, 3]) is not None
    assert path.exists()


# -- places in SQL -----------------------------------------------------------------------------------------


def test_read_only_transactions_predict(session):
    session.execute("BEGIN READ ONLY")
    assert session.predict("sum", [1, 2, 3]) is not None
    session.execute("COMMIT")


def test_repeatable_read_keeps_its_model(own, trained):
    other = Session(trained.connect())
    own.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    before = own.predict("sum", [1, 2, 3])
    other.execute("SELECT pgml.deploy('sum', 'best_score', 'gradient_boosting_trees')")
    assert own.predict("sum", [1, 2, 3]) == before
    own.execute("COMMIT")
    assert own.predict("sum", [1, 2, 3]) == other.predict("sum", [1, 2, 3]) != before


def test_prepared_statements_follow_deployments(own):
    own.execute("PREPARE asked AS SELECT pgml.predict('sum', $1)")
    own.execute("PREPARE constant AS SELECT pgml.predict('sum', '{1,2,3}')")
    answers = set()
    for strategy in ("best_score", "most_recent", "best_score', 'gradient_boosting_trees") * 3:
        own.execute(f"SELECT pgml.deploy('sum', '{strategy}')")
        answer = own.value("EXECUTE asked('{1,2,3}')")
        assert answer == own.value("EXECUTE constant") == own.predict("sum", [1, 2, 3])
        answers.add(answer)
    assert len(answers) == 3


def test_views_conditions_and_orders(session):
    session.execute(
        "CREATE TEMP VIEW predicted AS SELECT *, pgml.predict('sum', ARRAY[a, b, c]) AS predicted FROM points"
    )
    values = [row[0] for row in session.execute("SELECT predicted FROM predicted ORDER BY predicted")]
    assert values == sorted(values) and len(values) == 200
    middle = values[100]
    assert session.value(
        "SELECT count(*) FROM points WHERE pgml.predict('sum', ARRAY[a, b, c]) < %s", middle
    ) == sum(value < middle for value in values)
    assert session.execute(
        "SELECT pgml.predict('parity', ARRAY[a, b, c]) AS p, count(*) FROM points GROUP BY 1 ORDER BY 1"
    )
    assert session.value(
        "SELECT count(*) FROM points AS p JOIN points AS q ON pgml.predict('sum', ARRAY[p.a, p.b, p.c]) = q.a AND q.a < 0"
    ) == 0  # fmt: skip


def test_a_loop_in_plpgsql(session):
    session.execute(
        """
        CREATE FUNCTION pg_temp.total() RETURNS float8 LANGUAGE plpgsql AS $$
        DECLARE row record; total float8 := 0;
        BEGIN
            FOR row IN SELECT * FROM points LOOP
                total := total + pgml.predict('sum', ARRAY[row.a, row.b, row.c]);
            END LOOP;
            RETURN total;
        END $$
        """
    )
    assert session.value("SELECT pg_temp.total()") == pytest.approx(
        session.value("SELECT sum(pgml.predict('sum', ARRAY[a, b, c])) FROM points")
    )


def test_a_cursor_keeps_the_model_it_was_opened_with(own, trained):
    own.execute("BEGIN; DECLARE rows CURSOR FOR SELECT pgml.predict('sum', ARRAY[1, 2, 3]) FROM points")
    first = own.value("FETCH rows")
    Session(trained.connect()).execute("SELECT pgml.deploy('sum', 'best_score', 'gradient_boosting_trees')")
    assert own.value("FETCH rows") == first
    own.execute("COMMIT")
    assert own.predict("sum", [1, 2, 3]) != first


def test_several_projects_in_one_statement(session):
    alone = [session.predict(project, [1, 2, 3]) for project in ("sum", "parity")]
    rows = session.execute(
        "SELECT pgml.predict('sum', '{1,2,3}'), pgml.predict('parity', '{1,2,3}') FROM generate_series(1, 50)"
    )
    assert rows == [tuple(alone)] * 50


def test_more_models_than_a_session_keeps(own):
    """A hundred projects with models of their own, twice: the oldest have gone when they are asked again."""
    own.execute(
        """
        DO $$ BEGIN FOR i IN 1..100 LOOP
            PERFORM pgml.train('many ' || i, 'regression', 'numbers', 'target', test_sampling => 'first', test_size => i);
        END LOOP; END $$
        """
    )
    query = "SELECT pgml.predict('many ' || i, '{1,2,3}') FROM generate_series(1, 100) AS i"
    first = own.execute(query)
    assert len(set(first)) == 100
    assert own.execute(query) == first
    assert own.execute(query.replace("FROM", "+ 0 FROM")) == first


def test_features_as_other_types(session):
    expected = session.predict("sum", [1, 2, 3])
    for features in ("'{1,2,3}'::int[]", "'{1,2,3}'::numeric[]", "'{1,2,3}'::real[]",
                     "'[0:2]={1,2,3}'", "ARRAY[1, 2]::float8[] || 3"):  # fmt: skip
        assert session.value(f"SELECT pgml.predict('sum', {features})") == expected


def test_the_planner_may_ask_in_advance(session):
    """A stable function of constants is estimated when the statement is planned."""
    assert session.execute("EXPLAIN SELECT * FROM points WHERE target > pgml.predict('sum', '{1,2,3}')")
    assert session.refused("SELECT * FROM points WHERE target > pgml.predict('none', '{1,2,3}')").pgcode == "ML003"
    assert session.refused("CREATE INDEX ON points (pgml.predict('sum', ARRAY[a, b, c]))").pgcode == "42P17"


def test_dropping_what_answered_shows_at_once(own):
    own.predict("sum", [1, 2, 3])
    own.execute("BEGIN")
    own.execute(
        "DELETE FROM pgml_internal.deployments WHERE project_id = (SELECT id FROM pgml.projects WHERE name = 'sum')"
    )
    assert own.refused("SELECT pgml.predict('sum', '{1,2,3}')").pgcode == "ML015"
    own.execute("ROLLBACK")
    own.execute("BEGIN; TRUNCATE pgml_internal.deployments")
    assert own.refused("SELECT pgml.predict('sum', '{1,2,3}')").pgcode == "ML015"
    own.execute("ROLLBACK")
    assert own.predict("sum", [1, 2, 3]) is not None


def test_predictions_start_no_engine(session):
    session.predict("sum", [1, 2, 3])
    assert engines(session.pid) == set()


# -- dump and restore --------------------------------------------------------------------------------------


def test_a_dump_carries_everything(trained, new_database, own):
    cluster = trained.cluster
    dump = subprocess.run([cluster.postgres.program("pg_dump"), trained.dsn], capture_output=True, check=True)
    with new_database("template0") as restored:
        psql = [cluster.postgres.program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", restored.dsn]
        done = subprocess.run(psql, input=dump.stdout, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        session = Session(restored.connect())
        everything = "SELECT a, b, c, pgml.predict('sum', ARRAY[a, b, c]), pgml.predict('parity', ARRAY[a, b, c]) FROM points"
        assert session.execute(everything) == own.execute(everything)
        for view in ("overview", "trained_models", "deployed_models"):
            assert session.execute(f"SELECT * FROM pgml.{view}") == own.execute(f"SELECT * FROM pgml.{view}")
        newest = "SELECT (SELECT max(id) FROM pgml.models), (SELECT max(id) FROM pgml.snapshots)"
        models, snapshots = session.execute(newest)[0]
        session.train("sum", algorithm="linear", hyperparams='{"positive": true}')
        session.train("sum", None, "numbers", "target")
        session.train("after", "regression", "numbers", "target")
        assert session.execute(newest) == [(models + 3, snapshots + 2)]
        assert session.execute("SELECT * FROM pgml.deploy('sum', 'most_recent')")
