"""What ordinary roles may do: everything happens as the caller, with the caller's privileges and row security."""

from __future__ import annotations

import pytest
from sessions import Session

# What a role needs to have projects of its own.
TO_TRAIN = "GRANT USAGE ON SCHEMA pgml TO {role}; GRANT EXECUTE ON FUNCTION pgml.train TO {role}"

# What it needs to predict with somebody else's.
TO_PREDICT = "GRANT USAGE ON SCHEMA pgml TO {role}; SELECT pgml.grant('sum', 'predict', '{role}')"


@pytest.fixture
def alice(trained) -> Session:
    """A role that may train, and read no table of anybody else."""
    session = Session(trained.connect(role="alice"))
    trained.execute(TO_TRAIN.format(role="alice"))
    return session


def test_without_any_grant_nothing_works(trained):
    session = Session(trained.connect(role="stranger"))
    for statement in (
        "SELECT pgml.train('sum')",
        "SELECT pgml.predict('sum', '{1,2,3}')",
        "SELECT * FROM pgml.trained_models",
        "SELECT pgml.load_dataset('iris')",
    ):
        assert session.refused(statement).pgcode == "42501"


def test_a_role_that_may_predict_may_not_train(trained):
    session = Session(trained.connect(role="reader"))
    trained.execute(TO_PREDICT.format(role="reader"))
    assert session.predict("sum", [1, 2, 3]) == trained.execute("SELECT pgml.predict('sum', '{1,2,3}')")[0][0]
    assert session.refused("SELECT pgml.deploy('sum', 'most_recent')").pgcode == "42501"
    assert session.refused("SELECT pgml.train('sum')").pgcode == "42501"


def test_a_table_that_the_caller_may_not_read(trained, alice):
    error = alice.refused("SELECT pgml.train('secret', 'regression', 'points', 'target')")
    assert error.pgcode == "42501"
    assert "permission denied for table points" in error.diag.message_primary
    trained.execute("CREATE SCHEMA hidden; CREATE TABLE hidden.points AS TABLE points")
    assert (
        alice.refused("SELECT pgml.train('secret', 'regression', 'hidden.points', 'target')").pgcode
        == "42501"
    )
    assert alice.value("SELECT count(*) FROM pgml.projects WHERE name = 'secret'") == 0


def test_a_column_that_the_caller_may_not_read(trained, alice):
    trained.execute("GRANT SELECT (a, b, target) ON points TO alice")
    assert alice.refused("SELECT pgml.train('part', 'regression', 'points', 'target')").pgcode == "42501"


def test_row_security_decides_which_rows_are_trained_on(trained, alice):
    trained.execute(
        """
        CREATE TABLE owned AS SELECT i::float8 AS x, 2.0 * i AS y, i % 2 AS half FROM generate_series(1, 100) AS i;
        ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
        CREATE POLICY odd ON owned FOR SELECT TO alice USING (half = 1);
        GRANT SELECT ON owned TO alice
        """
    )
    alice.train("half", "regression", "owned", "y")
    newest = "SELECT 'pgml_snapshots.snapshot_' || id, row_count FROM pgml.snapshots ORDER BY id DESC LIMIT 1"
    snapshot, rows = alice.execute(newest)[0]
    assert rows == 50
    assert alice.value(f"SELECT bool_and(half = 1) FROM {snapshot}")
    whole = Session(trained.connect())
    whole.train("whole", "regression", "owned", "y")
    assert whole.execute(newest)[0][1] == 100


def test_rows_that_nobody_shows_are_no_rows(trained, alice):
    trained.execute("ALTER TABLE points ENABLE ROW LEVEL SECURITY; GRANT SELECT ON points TO alice")
    error = alice.refused("SELECT pgml.train('none', 'regression', 'points', 'target')")
    assert error.pgcode == "ML010"
    assert "that you can see" in error.diag.message_primary


def test_one_role_uses_nothing_of_another_that_it_was_not_given(trained, alice):
    trained.execute("GRANT SELECT ON numbers TO alice")
    alice.train("mine", "regression", "numbers", "target")
    bob = Session(trained.connect(role="bob"))
    trained.execute(TO_TRAIN.format(role="bob"))
    assert bob.refused("SELECT pgml.train('mine')").pgcode == "42501"
    assert bob.refused("SELECT pgml.predict('mine', '{1,2,3}')").pgcode == "42501"
    alice.execute("SELECT pgml.grant('mine', 'predict', 'bob')")
    assert bob.predict("mine", [1, 2, 3]) == alice.predict("mine", [1, 2, 3])
    assert bob.refused("SELECT pgml.train('mine')").pgcode == "42501"


def test_the_engine_follows_the_role_of_the_moment(trained):
    """One session, several roles: nothing that was prepared as one is used as another."""
    session = Session(trained.connect())
    trained.role("carol")
    trained.execute(TO_TRAIN.format(role="carol"))
    session.train("sum", None, "points", "target", hyperparams='{"fit_intercept": false}')
    session.execute("SET ROLE carol")
    assert session.refused("SELECT pgml.train('sum', NULL, 'points', 'target')").pgcode == "42501"
    session.execute("RESET ROLE")
    assert session.train("sum", None, "points", "target")[0] == "sum"
