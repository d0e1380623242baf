"""Which model answers, whatever two sessions do in whatever transactions: held against a plain model of it."""

from __future__ import annotations

from typing import NamedTuple

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sessions import Session, check_clean

from pgml import predictors

BOTH_DOORS = True

ROW = [3.0, 1.0, 4.0]
PROJECT = "copy"
ALGORITHMS = ("linear", "random_forest", "gradient_boosting_trees")

# A new project with the models of `sum` and nothing deployed, without the time that training takes.
COPY = """
    DELETE FROM pgml_internal.deployments WHERE project_id = (SELECT id FROM pgml_internal.projects WHERE name = 'copy');
    DELETE FROM pgml_internal.models WHERE project_id = (SELECT id FROM pgml.projects WHERE name = 'copy');
    DELETE FROM pgml_internal.projects WHERE name = 'copy';
    SELECT pgml_internal.create_project('copy', objective, current_user::regrole) FROM pgml.projects WHERE name = 'sum';
    INSERT INTO pgml_internal.models (project_id, snapshot_id, algorithm_name, hyperparams, test_size, test_sampling, features,
        metrics, served_by, plugin_name, plugin_version, digest)
    SELECT (SELECT id FROM pgml.projects WHERE name = 'copy'), m.snapshot_id, m.algorithm_name, m.hyperparams,
        m.test_size, m.test_sampling, m.features, m.metrics, m.served_by, m.plugin_name, m.plugin_version, m.digest
    FROM pgml.models AS m JOIN pgml.projects AS p ON p.id = m.project_id WHERE p.name = 'sum' ORDER BY m.id;
    INSERT INTO pgml_internal.artifacts
    SELECT copied.id, a.predictor, a.estimator, a.test_rows
    FROM pgml.models AS copied JOIN pgml.projects AS p ON p.id = copied.project_id AND p.name = 'copy'
    JOIN pgml.models AS m ON m.digest = copied.digest AND m.project_id <> copied.project_id
    JOIN pgml_internal.artifacts AS a ON a.model_id = m.id;
"""


class Model(NamedTuple):
    algorithm: str
    error: float
    prediction: float


class Deployed(NamedTuple):
    """What answers, and what a rollback goes back to."""

    model: Model
    previous: Deployed | None


class Refused(Exception):
    """A deployment that cannot be."""


def deploy(state: Deployed | None, models: list[Model], strategy: str, algorithm: str | None) -> Deployed:
    """Return what answers after pgml.deploy; the rules, in a few lines."""
    if strategy == "rollback":
        if algorithm is not None or state is None or state.previous is None:
            raise Refused
        return state.previous
    candidates = [model for model in models if algorithm in (None, model.algorithm)]
    if not candidates:
        raise Refused
    chosen = (
        candidates[-1]
        if strategy == "most_recent"
        else min(reversed(candidates), key=lambda model: model.error)
    )
    return state if state and state.model == chosen else Deployed(chosen, state)


class Client:
    """A session, and what it should see."""

    def __init__(self, session: Session):
        self.session = session
        self.inside = False  # a transaction
        self.own: Deployed | None = None  # what it deployed itself and has not committed
        self.changed = False  # whether it did
        self.locked = False  # whether another session would have to wait for it
        self.frozen: tuple[Deployed | None] | None = None  # what a REPEATABLE READ transaction keeps seeing
        self.savepoints: list[tuple[Deployed | None, bool]] = []

    def end(self) -> None:
        self.inside = self.changed = self.locked = False
        self.own, self.frozen = None, None
        self.savepoints.clear()


strategies = st.sampled_from(["best_score", "most_recent", "rollback"])
narrowed = st.sampled_from([None, None, *ALGORITHMS, "xgboost"])
deployments = st.tuples(st.just("deploy"), strategies, narrowed)
steps = st.lists(
    st.one_of(
        deployments, st.tuples(st.just("undone"), strategies, narrowed), st.just(("predict", None, None))
    ),
    min_size=1,
    max_size=6,
)
either = st.integers(0, 1)


class Deployments(RuleBasedStateMachine):
    sessions: list[Session]

    @initialize()
    def start(self):
        self.clients = [Client(session) for session in self.sessions]
        self.clients[0].session.execute(COPY)
        self.committed: Deployed | None = None
        rows = self.sessions[0].execute(
            "SELECT m.algorithm_name, (m.metrics ->> 'mean_squared_error')::float8, a.predictor FROM pgml.models AS m"
            " JOIN pgml_internal.artifacts AS a ON a.model_id = m.id JOIN pgml.projects AS p ON p.id = m.project_id"
            " WHERE p.name = 'copy' ORDER BY m.id"
        )
        self.models = [
            Model(algorithm, error, predictors.evaluator(bytes(predictor)).predict_carefully(ROW))
            for algorithm, error, predictor in rows
        ]
        assert len({model.prediction for model in self.models}) == len(self.models), "they can be told apart"

    def teardown(self):
        for session in self.sessions:
            session.execute("ROLLBACK")

    # -- what the plain model says -------------------------------------------------------------------------

    def sees(self, client: Client) -> Deployed | None:
        if client.changed:
            return client.own
        return client.frozen[0] if client.frozen else self.committed

    def expected(self, state: Deployed | None) -> str:
        return str(state.model.prediction) if state else "ML015"

    def may_deploy(self, client: Client) -> bool:
        return not client.frozen and not any(other.locked for other in self.clients if other is not client)

    def record(self, client: Client, state: Deployed | None) -> None:
        if client.inside:
            client.own, client.changed, client.locked = state, True, True
        else:
            self.committed = state

    # -- what the sessions do ------------------------------------------------------------------------------

    @rule(place=either, strategy=strategies, algorithm=narrowed)
    def deploy(self, place, strategy, algorithm):
        client = self.clients[place]
        if not self.may_deploy(client):
            return
        try:
            state = deploy(self.sees(client), self.models, strategy, algorithm)
        except Refused:
            client.session.refused("SELECT pgml.deploy(%s, %s, %s)", PROJECT, strategy, algorithm)
            if client.inside:
                client.session.execute("ROLLBACK")
                client.end()
            return
        ((name, used, answered),) = client.session.execute(
            "SELECT * FROM pgml.deploy(%s, %s, %s)", PROJECT, strategy, algorithm
        )
        assert (name, used, answered) == (PROJECT, strategy, state.model.algorithm)
        self.record(client, state)

    @rule(place=either, repeatable=st.booleans())
    def begin(self, place, repeatable):
        client = self.clients[place]
        if client.inside:
            return
        client.inside = True
        client.session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ" if repeatable else "BEGIN")
        if repeatable:
            client.session.execute("SELECT count(*) FROM pgml.deployments")  # here its snapshot is taken
            client.frozen = (self.committed,)

    @rule(place=either)
    def commit(self, place):
        client = self.clients[place]
        if client.inside:
            client.session.execute("COMMIT")
            if client.changed:
                self.committed = client.own
            client.end()

    @rule(place=either)
    def roll_back(self, place):
        client = self.clients[place]
        if client.inside:
            client.session.execute("ROLLBACK")
            client.end()

    @rule(place=either)
    def savepoint(self, place):
        client = self.clients[place]
        if client.inside:
            client.session.execute(f"SAVEPOINT s{len(client.savepoints)}")
            client.savepoints.append((client.own, client.changed))

    @rule(place=either, back=st.integers(0, 3), release=st.booleans())
    def leave_savepoint(self, place, back, release):
        client = self.clients[place]
        number = len(client.savepoints) - 1 - back
        if number < 0:
            return
        if release:
            client.session.execute(f"RELEASE SAVEPOINT s{number}")
            del client.savepoints[number:]
        else:
            client.session.execute(f"ROLLBACK TO SAVEPOINT s{number}")
            client.own, client.changed = client.savepoints[number]
            del client.savepoints[number + 1 :]

    @rule(place=either, steps=steps, one_block=st.booleans())
    def in_one_statement(self, place, steps, one_block):
        """Several steps in a DO block, or in several statements that are sent as one."""
        client = self.clients[place]
        if not self.may_deploy(client) or not (one_block or client.inside):
            return
        state, sql, answers = self.sees(client), [], []
        for kind, strategy, algorithm in steps:
            if kind == "predict":
                sql.append(SAY)
                answers.append(self.expected(state))
                continue
            try:
                deployed = deploy(state, self.models, strategy, algorithm)
            except Refused:
                continue
            narrowing = f"'{algorithm}'" if algorithm else "NULL"
            call = f"pgml.deploy('{PROJECT}', '{strategy}', {narrowing})"
            if kind == "deploy":
                sql.append(f"PERFORM {call}; {SAY}" if one_block else f"SELECT {call}; {SAY_ALONE}")
                state = deployed
                answers.append(self.expected(state))
            elif one_block:
                sql.append(
                    f"BEGIN PERFORM {call}; {SAY} RAISE SQLSTATE 'ZZ001'; EXCEPTION WHEN SQLSTATE 'ZZ001' THEN END; {SAY}"
                )
                answers += [self.expected(deployed), self.expected(state)]
            else:
                sql.append(
                    f"SAVEPOINT inner_one; SELECT {call}; {SAY_ALONE} ROLLBACK TO inner_one; {SAY_ALONE}"
                )
                answers += [self.expected(deployed), self.expected(state)]
        if not one_block:
            sql = [SAY_ALONE if each == SAY else each for each in sql]
        client.session.notices.clear()
        text = " ".join(sql)
        client.session.execute(f"DO $do$ BEGIN {text} END $do$" if one_block else f"{text} SELECT 1")
        said = [
            notice.partition("answer ")[2].strip() for notice in client.session.notices if "answer " in notice
        ]
        assert said == answers
        if state is not self.sees(client):
            self.record(client, state)

    @precondition(lambda self: all(not client.inside for client in self.clients))
    @rule(place=either, settings=st.sampled_from(['{"fit_intercept": true}', '{"fit_intercept": false}']))
    def train(self, place, settings):
        client = self.clients[place]
        status = client.session.train(
            PROJECT, None, "numbers", "target", hyperparams=settings, test_sampling="first", test_size=20
        )[3]
        algorithm, error, predictor = client.session.execute(
            "SELECT m.algorithm_name, (m.metrics ->> 'mean_squared_error')::float8, a.predictor FROM pgml.models AS m"
            " JOIN pgml_internal.artifacts AS a ON a.model_id = m.id ORDER BY m.id DESC LIMIT 1"
        )[0]
        model = Model(algorithm, error, predictors.evaluator(bytes(predictor)).predict_carefully(ROW))
        self.models.append(model)
        assert status == "deployed" or self.committed is not None
        if status == "deployed":
            self.committed = Deployed(model, self.committed)

    # -- and what they see ---------------------------------------------------------------------------------

    @invariant()
    def each_sees_its_own(self):
        for client in getattr(self, "clients", ()):
            assert answer(client) == self.expected(self.sees(client))


SAY = f"""
    DECLARE said text;
    BEGIN
        BEGIN
            said := pgml.predict('{PROJECT}', '{{3,1,4}}');
        EXCEPTION WHEN SQLSTATE 'ML015' THEN
            said := 'ML015';
        END;
        RAISE NOTICE 'answer %', said;
    END;
"""
SAY_ALONE = f"DO $said$ {SAY} $said$;"


def answer(client: Client) -> str:
    """Return the prediction, or the SQL state of the error, which leaves the transaction as it was."""
    if client.inside:
        client.session.execute("SAVEPOINT asking")
    try:
        return str(client.session.predict(PROJECT, ROW))
    except psycopg2.Error as error:
        check_clean(error)
        if client.inside:
            client.session.execute("ROLLBACK TO SAVEPOINT asking")
        return error.pgcode


@pytest.fixture(scope="module")
def sessions(trained_once) -> list[Session]:
    return [Session(trained_once.connect()) for _ in range(2)]


def test_every_session_sees_the_right_model(sessions):
    Deployments.sessions = sessions
    run_state_machine_as_test(
        Deployments,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
