"""Sessions that train and deploy at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import psycopg2
import pytest
from sessions import AT_ONCE, Session, blocked, eventually, meanwhile

BOTH_DOORS = True


@pytest.fixture(scope="module")
def pair(trained_once) -> list[Session]:
    """Two sessions with engines that run already, for all tests here: each has projects of its own, or adds to `sum`."""
    sessions = [Session(trained_once.connect()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda session: session.train("sum", deploy=False), sessions))
    return sessions


def together(*actions) -> list:
    """Do all at the same moment, each in its own thread; return what they return or the database's errors."""
    barrier = Barrier(len(actions))

    def run(action):
        barrier.wait()
        try:
            return action()
        except psycopg2.Error as error:
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_two_first_trainings_of_one_project(pair, trained_once):
    for number in range(5):
        name = f"first {number}"
        answers = together(*(partial(s.train, name, "regression", "numbers", "target") for s in pair))
        assert sorted(answer[3] for answer in answers) == ["deployed", "not deployed"], answers
        count = "SELECT count(*) FROM pgml.projects AS p JOIN pgml.models AS m ON project_id = p.id WHERE name = %s"
        assert trained_once.execute(count, name) == [(2,)]


def test_two_first_trainings_that_want_different_objectives(pair, trained_once):
    answers = together(
        lambda: pair[0].train("torn", "regression", "numbers", "target"),
        lambda: pair[1].train("torn", "classification", "labels", "label"),
    )
    errors = [answer for answer in answers if isinstance(answer, psycopg2.Error)]
    assert [error.pgcode for error in errors] == ["ML002"]
    assert trained_once.execute("SELECT count(*) FROM pgml.trained_models WHERE name = 'torn'") == [(1,)]


def test_the_first_training_that_is_rolled_back_leaves_the_name_to_the_next(pair):
    first, second = pair
    first.execute("BEGIN")
    first.train("undone", "regression", "numbers", "target")
    waiting = meanwhile(second.train, "undone", "classification", "labels", "label")
    eventually(lambda: blocked(second, by=first))
    first.execute("ROLLBACK")
    assert waiting.result(AT_ONCE) == ("undone", "classification", "linear", "deployed")


def test_waiting_for_another_session_can_be_cancelled(pair, trained_once):
    first, second = pair
    first.execute("BEGIN")
    first.train("held", "regression", "numbers", "target")
    second.execute("SET statement_timeout = '300ms'")
    assert second.refused("SELECT pgml.train('held', 'regression', 'numbers', 'target')").pgcode == "57014"
    second.execute("RESET statement_timeout")
    first.execute("COMMIT")
    assert second.train("held")[3] == "not deployed"


def test_trainings_of_one_project_do_not_wait_for_each_other_in_a_circle(pair, trained_once):
    """Both have saved a model when they ask for the right to deploy."""
    for number in range(5):
        settings = f'{{"n_estimators": {number + 1}}}'
        answers = together(
            *(partial(s.train, "sum", None, "numbers", "target", "random_forest", settings) for s in pair)
        )
        assert not [answer for answer in answers if isinstance(answer, psycopg2.Error)], answers
    for first, second in (pair, pair[::-1]):
        first.execute("BEGIN")
        first.train("sum", deploy=False)
        second.execute("BEGIN")
        second.train("sum", deploy=False)
        first.execute("SELECT pgml.deploy('sum', 'most_recent')")
        waiting = meanwhile(second.execute, "SELECT pgml.deploy('sum', 'most_recent')")
        eventually(partial(blocked, second, by=first))
        first.execute("COMMIT")
        waiting.result(AT_ONCE)
        second.execute("COMMIT")
    assert trained_once.execute("SELECT count(*) FROM pgml.deployed_models WHERE name = 'sum'") == [(1,)]


def test_deployments_from_two_sessions_form_one_history(pair, trained_once):
    strategies = [
        "most_recent', 'random_forest",
        "most_recent', 'gradient_boosting_trees",
        "best_score",
        "most_recent",
    ]
    together(
        *(
            lambda s=s: [
                s.execute(f"SELECT pgml.deploy('sum', '{strategy}')") for strategy in strategies * 10
            ]
            for s in pair
        )
    )
    broken = trained_once.execute(
        """
        SELECT id, previous_id FROM (
            SELECT id, previous_id, lag(id) OVER (ORDER BY id) AS before FROM pgml.deployments
            WHERE project_id = (SELECT id FROM pgml.projects WHERE name = 'sum')
        ) AS chain WHERE previous_id IS DISTINCT FROM before
        """
    )
    assert broken == []


def test_many_sessions_predict_a_model_that_none_has_loaded(trained):
    for path in (trained.cluster.data / "pgml_predictors").glob("*"):
        path.unlink()
    sessions = [Session(trained.connect()) for _ in range(8)]
    answers = together(*(lambda s=s: s.predict("parity", [1, 2, 3]) for s in sessions))
    assert len(set(answers)) == 1 and not isinstance(answers[0], Exception)


def test_sessions_predict_while_another_deploys(trained):
    """Each answer is that of one model or the other, never an error or a mixture within a statement."""
    reader, writer = (Session(trained.connect()) for _ in range(2))
    writer.execute("SELECT pgml.deploy('sum', 'most_recent', 'random_forest')")
    one = writer.predict("sum", [1, 2, 3])
    writer.execute("SELECT pgml.deploy('sum', 'most_recent', 'gradient_boosting_trees')")
    two = writer.predict("sum", [1, 2, 3])

    def read() -> set:
        seen = set()
        for _ in range(100):
            values = {
                row[0]
                for row in reader.execute("SELECT pgml.predict('sum', '{1,2,3}') FROM generate_series(1, 20)")
            }
            assert len(values) == 1
            seen |= values
        return seen

    def write() -> None:
        for _ in range(30):
            writer.execute("SELECT pgml.deploy('sum', 'most_recent', 'random_forest')")
            writer.execute("SELECT pgml.deploy('sum', 'most_recent', 'gradient_boosting_trees')")

    seen, _ = together(read, write)
    assert seen <= {one, two} and seen
