"""What goes wrong around a session: processes that are killed, machines that have no more to give, rows that are gone."""

from __future__ import annotations

import os
import signal
import subprocess

import psycopg2
import pytest
from sessions import AT_ONCE, Session, check_clean, engines, eventually, group_members, resident

from pgml.server.cluster import Cluster
from pgml.server.installation import install_schema


@pytest.fixture
def session(trained) -> Session:
    return Session(trained.connect())


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def on_its_own(cluster: Cluster) -> Session:
    """A session with a server that may be killed, with a table whose training takes minutes."""
    cluster.start(address="")
    install_schema(cluster.dsn("postgres"))
    connection = cluster.connect("postgres")
    connection.autocommit = True
    session = Session(connection)
    session.execute("CREATE TABLE many AS SELECT random() AS a, random() AS y FROM generate_series(1, 20000)")
    return session


def test_a_killed_postmaster_takes_its_trainings_along(new_cluster):
    """Otherwise they keep its shared memory, and the next start fails for as long as the fit takes."""
    cluster = new_cluster()
    session = on_its_own(cluster)
    postmaster = cluster.running.pid
    client = subprocess.Popen(
        [cluster.postgres.program("psql"), "-qXd", cluster.dsn("postgres")]
        + ["-c", "SELECT pgml.train('long', 'regression', 'many', 'y', 'random_forest', '{\"n_estimators\": 100000}')"],
        stderr=subprocess.DEVNULL,
    )
    backends = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pgml.train%' AND pid <> pg_backend_pid()"
    eventually(lambda: bool(session.execute(backends)) and bool(engines(session.value(backends))))
    backend = session.value(backends)
    (group,) = engines(backend)
    os.kill(postmaster, signal.SIGKILL)
    eventually(lambda: not group_members(group) and not os.path.exists(f"/proc/{backend}"))
    client.wait(AT_ONCE)
    cluster.start(address="")
    assert cluster.running


def test_an_idle_engine_ends_itself_and_another_takes_its_place(new_cluster):
    class Impatient(Cluster):
        def environment(self) -> dict[str, str]:
            return super().environment() | {"PGML_ENGINE_IDLE": "3"}

    session = on_its_own(new_cluster(kind=Impatient))
    found: set[int] = set()
    while not found:  # on a busy machine it may have ended before it is looked for
        session.train("line", "regression", "many", "y")
        found = engines(session.pid)
    (group,) = found
    eventually(lambda: not group_members(group))
    assert session.train("line", None, "many", "y")[2] == "linear"


def test_an_engine_that_cannot_be_started(session):
    """The backend may open no more files: that is said, nothing stays open, and afterwards all is as before."""
    session.refused("SELECT pgml.deploy('nothing')")  # so that all is imported
    session.execute(
        "CREATE FUNCTION pg_temp.allow(files int) RETURNS void LANGUAGE plpython3u AS"
        " 'import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (files, r.getrlimit(r.RLIMIT_NOFILE)[1]))'"
    )
    before = descriptors(session.pid)
    for allowed in range(before, before + 6):
        session.execute("SELECT pg_temp.allow(%s)", allowed)
        error = session.refused("SELECT count(*) FROM pgml.algorithms")
        session.execute("SELECT pg_temp.allow(1000)")
        assert error.pgcode == "ML019"
        assert error.diag.message_primary.startswith("the engine could not be started: ")
        assert descriptors(session.pid) == before
    assert session.value("SELECT count(*) FROM pgml.algorithms") > 40


def test_a_failed_training_leaves_no_matrix_in_the_engine(session):
    session.execute("CREATE TABLE wide AS SELECT i AS x, array_fill(i::float8, ARRAY[100]) AS xs, i AS y FROM generate_series(1, 100000) AS i")
    session.execute("SELECT count(*) FROM pgml.algorithms")
    session.refused("SELECT pgml.train('wide', 'regression', 'points', 'target', 'ransac', '{\"min_samples\": 1000}')")
    (group,) = engines(session.pid)
    before = resident(group)
    session.refused("SELECT pgml.train('wide', 'regression', 'wide', 'y', 'ransac', '{\"min_samples\": 100000}')")
    assert engines(session.pid) == {group}
    eventually(lambda: resident(group) - before < 60 << 20)  # the matrix has 80 MB, beside what it came in


def test_a_model_that_comes_out_the_same_is_not_deployed_again(session):
    assert session.train("same", "regression", "numbers", "target")[3] == "deployed"
    for relation in ((None, None), ("numbers", "target")):  # the same snapshot, and another of the same rows
        assert session.train("same", None, *relation)[3] == "not deployed"
        assert "to the last bit" in session.notices[-1]
    assert session.value("SELECT count(DISTINCT digest) FROM pgml.models JOIN pgml.trained_models USING (id) WHERE name = 'same'") == 1


def test_a_training_is_kept_where_the_deployed_model_cannot_be_scored(session):
    session.execute("CREATE VIEW more AS SELECT a, b, c, target + 1 AS target FROM points")
    session.execute(
        "UPDATE pgml_internal.artifacts SET predictor = 'no predictor' WHERE model_id = (SELECT id FROM pgml.deployed_models WHERE name = 'sum')"
    )
    before = session.value("SELECT count(*) FROM pgml.models")
    assert session.train("sum", None, "more", "target")[3] == "not deployed"
    assert any("cannot be scored on this training's rows" in notice for notice in session.notices)
    assert session.value("SELECT count(*) FROM pgml.models") == before + 1
    assert session.execute("SELECT algorithm_name FROM pgml.deploy('sum', 'most_recent')") == [("linear",)]


def test_numbers_are_read_as_they_were_given(session):
    session.execute("SET extra_float_digits = -15")
    session.train("digits", "regression", "numbers", "target", test_size=0.123456789012345)
    session.execute("RESET extra_float_digits")
    assert session.value("SELECT test_size FROM pgml.trained_models WHERE name = 'digits'") == 0.123456789012345


def test_labels_that_cannot_be_told_apart_are_refused(session):
    session.execute("CREATE TABLE labelled AS SELECT a, b, 9007199254740992 + (a > 5)::int AS label FROM points")
    error = session.refused("SELECT pgml.train('labels', 'classification', 'labelled', 'label')")
    assert error.pgcode == "ML010"
    assert "9007199254740992" in error.diag.message_primary
    session.execute("CREATE TABLE huge AS SELECT a, b, CASE WHEN a > 5 THEN 1e300 ELSE 1 END AS label FROM points")
    check_clean(session.refused("SELECT pgml.train('labels', 'classification', 'huge', 'label')"))


def test_a_procedure_sees_what_others_deploy_between_its_transactions(session, trained):
    """statement_timestamp() stands still in it."""
    session.execute(
        """
        CREATE TABLE seen (prediction float8);
        CREATE PROCEDURE watch() LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO seen SELECT pgml.predict('sum', '{3,1,4}');
            COMMIT;
            PERFORM pg_advisory_lock(1);
            PERFORM pg_advisory_unlock(1);
            COMMIT;
            INSERT INTO seen SELECT pgml.predict('sum', '{3,1,4}');
        END
        $$
        """
    )
    other = Session(trained.connect())
    other.execute("SELECT pg_advisory_lock(1)")
    client = subprocess.Popen(
        [trained.cluster.postgres.program("psql"), "-qXd", trained.dsn, "-c", "CALL watch()"]
    )
    eventually(lambda: other.value("SELECT count(*) FROM seen") == 1)
    other.execute("SELECT pgml.deploy('sum', 'best_score', 'gradient_boosting_trees')")
    other.execute("SELECT pg_advisory_unlock(1)")
    assert client.wait(AT_ONCE) == 0
    first, second = (value for (value,) in session.execute("SELECT prediction FROM seen"))
    assert first != second == session.predict("sum", [3, 1, 4])


# -- what is deleted ---------------------------------------------------------------------------------------


def test_a_deployed_model_stays_in_the_history(session):
    """Without it the model that a rollback had taken back would answer again."""
    session.execute("SELECT pgml.deploy('sum', 'best_score', 'random_forest'); SELECT pgml.deploy('sum', 'rollback')")
    answers = session.value("SELECT id FROM pgml.deployed_models WHERE name = 'sum'")
    error = session.refused("DELETE FROM pgml_internal.models WHERE id = %s", answers)
    assert error.pgcode == "ML009" and f"model {answers} was deployed" in error.diag.message_primary
    assert session.value("SELECT id FROM pgml.deployed_models WHERE name = 'sum'") == answers
    never = session.value("SELECT min(id) FROM pgml.models AS m WHERE id NOT IN (SELECT model_id FROM pgml.deployments)")
    session.execute("DELETE FROM pgml_internal.models WHERE id = %s", never)


def test_nothing_is_left_of_a_deleted_project(session):
    def tables() -> int:
        return session.value(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text LIKE 'pgml%%' AND %s", True
        )

    before = tables()
    session.train("brief", "regression", "numbers", "target")
    session.train("brief", None, "points", "target")
    assert tables() == before + 3
    session.execute("DELETE FROM pgml_internal.projects WHERE name = 'brief'")
    assert tables() == before
    with pytest.raises(psycopg2.Error, match='unknown project "brief"'):
        session.predict("brief", [1, 2, 3])
