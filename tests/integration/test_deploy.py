"""pgml.deploy: three strategies, narrowed to an algorithm or not, and the trace they leave."""

from __future__ import annotations

import pytest
from sessions import Session

BOTH_DOORS = True


@pytest.fixture
def session(trained) -> Session:
    return Session(trained.connect())


def deploy(session: Session, *arguments: str | None) -> tuple:
    (row,) = session.execute(f"SELECT * FROM pgml.deploy({', '.join(['%s'] * len(arguments))})", *arguments)
    return row


def deployed(session: Session, project: str = "sum") -> int:
    return session.value("SELECT id FROM pgml.deployed_models WHERE name = %s", project)


def history(session: Session) -> list[tuple]:
    return session.execute("SELECT model_id, strategy FROM pgml.deployments ORDER BY id")


def test_best_score_is_the_default_and_goes_by_numbers(session):
    """As text, 9.5 is more than 10.5."""
    session.execute(
        """
        UPDATE pgml_internal.models SET metrics = jsonb_build_object('mean_squared_error', 10.5 * id)
        WHERE project_id = (SELECT id FROM pgml.projects WHERE name = 'sum');
        UPDATE pgml_internal.models SET metrics = '{"mean_squared_error": 9.5}' WHERE id = 2;
        UPDATE pgml_internal.models SET metrics = '{"mean_squared_error": null}' WHERE id = 4
        """
    )
    assert deploy(session, "sum") == ("sum", "best_score", "random_forest")
    assert deployed(session) == 2
    assert deploy(session, "sum", "best_score", "linear") == ("sum", "best_score", "linear")
    assert deployed(session) == 1, "no score is the worst"


def test_the_best_classifier_has_the_highest_f1(session):
    session.execute("UPDATE pgml_internal.models SET metrics = jsonb_build_object('f1', id / 10.0)")
    assert deploy(session, "parity", "best_score")[2] == "random_forest"
    session.execute("UPDATE pgml_internal.models SET metrics = jsonb_build_object('f1', -id / 10.0)")
    assert deploy(session, "parity", "best_score")[2] == "linear"


def test_most_recent_is_the_newest_model(session):
    assert deploy(session, "sum", "most_recent") == ("sum", "most_recent", "linear")
    assert deployed(session) == 4
    assert deploy(session, "sum", "most_recent", "random_forest") == ("sum", "most_recent", "random_forest")
    assert deployed(session) == 2


def test_rollbacks_go_back_one_deployment_each(session):
    before = history(session)
    first = deployed(session)
    for algorithm in ("random_forest", "gradient_boosting_trees", "random_forest"):
        deploy(session, "sum", "most_recent", algorithm)
    assert deploy(session, "sum", "rollback") == ("sum", "rollback", "gradient_boosting_trees")
    assert deploy(session, "sum", "rollback") == ("sum", "rollback", "random_forest")
    deploy(session, "sum", "most_recent")
    assert deploy(session, "sum", "rollback") == ("sum", "rollback", "random_forest")
    deploy(session, "sum", "rollback")
    assert deployed(session) == first
    assert [strategy for _, strategy in history(session)[len(before) :]] == [
        *["most_recent"] * 3, "rollback", "rollback", "most_recent", "rollback", "rollback",
    ]  # fmt: skip


def test_a_rollback_past_the_first_deployment_is_an_error_and_changes_nothing(session):
    while (error := refused(session, "SELECT pgml.deploy('sum', 'rollback')")) is None:
        continue
    first = session.value("SELECT model_id FROM pgml.deployments WHERE project_id = 1 ORDER BY id LIMIT 1")
    assert error.pgcode == "ML015"
    assert "no earlier deployment" in error.diag.message_primary
    assert deployed(session) == first


def refused(session: Session, statement: str):
    """Return the error of a statement, None if it works."""
    import psycopg2

    try:
        session.execute(statement)
    except psycopg2.Error as error:
        return error


def test_deploying_what_is_deployed_leaves_no_trace(session):
    deploy(session, "sum", "most_recent")
    before = history(session)
    assert deploy(session, "sum", "most_recent") == ("sum", "most_recent", "linear")
    assert history(session) == before, "a rollback would have had nothing to go back to"


def test_projects_are_independent(session):
    before = deployed(session, "parity")
    deploy(session, "sum", "most_recent")
    deploy(session, "sum", "rollback")
    assert deployed(session, "parity") == before


def test_a_training_after_a_rollback_compares_with_what_answers(session):
    deploy(session, "sum", "most_recent", "random_forest")
    assert session.train("sum", algorithm="linear")[3] == "deployed"
    deploy(session, "sum", "rollback")
    assert (
        session.value("SELECT algorithm_name FROM pgml.deployed_models WHERE name = 'sum'") == "random_forest"
    )
    assert session.train("sum", algorithm="linear")[3] == "deployed"
