"""What ordinary roles may do: a project belongs to the role that made it, and others get privileges in it."""

from __future__ import annotations

import pytest
from sessions import Session

BOTH_DOORS = True

PRIVILEGES = ("predict", "read", "train", "deploy")
# What each privilege is for, beside those before it.
NEEDED = {
    "predict": ("SELECT pgml.predict('sum', '{1,2,3}')",),
    "read": ("SELECT pgml.export_sql('sum', 'f')", "SELECT pgml.export_model('sum')"),  # and what views show: see below
    "train": ("SELECT status FROM pgml.train('sum', deploy => false)",),
    "deploy": ("SELECT pgml.deploy('sum', 'most_recent')", "SELECT pgml.deploy('sum', 'rollback')"),
    "own": ("SELECT pgml.grant('sum', 'predict', 'stranger')", "SELECT pgml.revoke('sum', 'predict', 'stranger')"),
}
VIEWS = ("snapshots", "models", "deployments", "trained_models", "deployed_models", "overview", "grants")


def enter(database, role: str) -> Session:
    """A session of a role that has what an administrator gives to those who train, and nothing else."""
    session = Session(database.connect(role=role))
    database.execute(f"GRANT USAGE ON SCHEMA pgml TO {role}; GRANT EXECUTE ON FUNCTION pgml.train TO {role}")
    return session


@pytest.fixture
def alice(trained) -> Session:
    return enter(trained, "alice")


@pytest.fixture
def stranger(trained) -> Session:
    return enter(trained, "stranger")


def test_without_any_grant_nothing_works(trained):
    session = Session(trained.connect(role="nobody_special"))
    for statement in (
        "SELECT pgml.train('sum')",
        "SELECT pgml.predict('sum', '{1,2,3}')",
        "SELECT * FROM pgml.trained_models",
        "SELECT pgml.load_dataset('iris')",
    ):
        assert session.refused(statement).pgcode == "42501"


def test_training_and_data_sets_are_for_the_administrator_to_give(trained):
    session = Session(trained.connect(role="alice"))
    trained.execute("GRANT USAGE ON SCHEMA pgml TO alice")
    assert session.refused("SELECT pgml.train('mine', 'regression', 'x', 'y')").pgcode == "42501"
    assert session.refused("SELECT pgml.load_dataset('iris')").pgcode == "42501"


@pytest.mark.parametrize("given", (None, *PRIVILEGES))
def test_each_privilege_allows_what_it_is_for_and_no_more(trained, alice, stranger, given):
    if given:
        trained.execute("SELECT pgml.grant('sum', %s, 'alice')", given)
    level = PRIVILEGES.index(given) + 1 if given else 0
    for privilege, statements in NEEDED.items():
        for statement in statements:
            if privilege in PRIVILEGES[:level]:
                alice.execute(statement)
            else:
                error = alice.refused(statement)
                assert error.pgcode == "42501"
                assert 'permission denied for project "sum"' in error.diag.message_primary
    reads = level > PRIVILEGES.index("read")
    for view in VIEWS:
        assert bool(alice.execute(f"SELECT * FROM pgml.{view}")) is reads, view
    assert [name for (name,) in alice.execute("SELECT name FROM pgml.projects")] == (["sum"] if given else [])
    ((snapshot,),) = trained.execute("SELECT 'pgml_snapshots.snapshot_' || min(id) FROM pgml.snapshots")
    if reads:
        assert alice.value(f"SELECT count(*) FROM {snapshot}") == 200
        assert alice.value("SELECT table_name FROM pgml.snapshots LIMIT 1") == snapshot
    else:
        assert alice.refused(f"SELECT * FROM {snapshot}").pgcode == "42501"
    for statement in (f"INSERT INTO {snapshot} VALUES (1)", f"DELETE FROM {snapshot}", f"DROP TABLE {snapshot}"):
        assert alice.refused(statement).pgcode == "42501"
    assert stranger.refused("SELECT pgml.predict('sum', '{1,2,3}')").pgcode == "42501"


@pytest.mark.parametrize("taken", PRIVILEGES)
def test_revoking_takes_what_builds_on_it_too(trained, alice, taken):
    trained.execute("SELECT pgml.grant('sum', 'deploy', 'alice')")
    trained.execute("SELECT pgml.revoke('sum', %s, 'alice')", taken)
    left = trained.execute("SELECT privilege FROM pgml.grants WHERE role_name = 'alice'")
    assert [privilege for (privilege,) in left] == list(PRIVILEGES[: PRIVILEGES.index(taken)])
    ((snapshot,),) = trained.execute("SELECT 'pgml_snapshots.snapshot_' || min(id) FROM pgml.snapshots")
    if taken in ("predict", "read"):
        assert alice.refused(f"SELECT * FROM {snapshot}").pgcode == "42501"


def test_members_of_a_role_have_what_it_has(trained, alice):
    trained.role("analysts")
    trained.execute("SELECT pgml.grant('sum', 'predict', 'analysts')")
    assert alice.refused("SELECT pgml.predict('sum', '{1,2,3}')").pgcode == "42501"
    trained.execute("GRANT analysts TO alice")
    assert alice.predict("sum", [1, 2, 3]) is not None
    trained.execute("REVOKE analysts FROM alice")
    assert alice.refused("SELECT pgml.predict('sum', '{1,2,3}')").pgcode == "42501"


def test_a_new_snapshot_is_for_the_readers_of_its_project(trained, alice):
    trained.execute("SELECT pgml.grant('sum', 'read', 'alice')")
    trained.execute("SELECT pgml.train('sum', NULL, 'numbers', 'target')")
    newest = alice.value("SELECT table_name FROM pgml.snapshots ORDER BY id DESC LIMIT 1")
    assert alice.value(f"SELECT count(*) FROM {newest}") == 200


def test_an_owner_needs_no_grant_and_keeps_to_itself(trained, alice, stranger):
    trained.execute("GRANT SELECT ON numbers TO alice")
    assert alice.train("mine", "regression", "numbers", "target")[3] == "deployed"
    assert alice.execute("SELECT name, owner FROM pgml.projects") == [("mine", "alice")]
    assert alice.predict("mine", [1, 2, 3]) is not None
    assert alice.execute("SELECT algorithm_name FROM pgml.deploy('mine', 'most_recent')") == [("linear",)]
    for statement in (
        "SELECT pgml.predict('mine', '{1,2,3}')",
        "SELECT pgml.train('mine')",
        "SELECT pgml.train('mine', 'regression', 'numbers', 'target')",
    ):
        assert stranger.refused(statement).pgcode == "42501"
    assert stranger.execute("SELECT * FROM pgml.projects") == []
    alice.execute("SELECT pgml.grant('mine', 'train', 'stranger')")
    assert stranger.train("mine", hyperparams='{"fit_intercept": false}', deploy=False)[3] == "not deployed"
    assert trained.execute("SELECT count(*) FROM pgml.models JOIN pgml.projects AS p ON p.id = project_id WHERE name = 'mine'") == [(2,)]


def test_a_better_model_of_somebody_who_may_not_deploy_waits(trained, alice):
    trained.execute("SELECT pgml.grant('sum', 'train', 'alice'); DELETE FROM pgml_internal.deployments")
    assert alice.train("sum")[3] == "not deployed"
    assert "needs the privilege deploy" in alice.notices[-1]
    trained.execute("SELECT pgml.grant('sum', 'deploy', 'alice')")
    assert alice.train("sum", hyperparams='{"positive": true}')[3] == "deployed"


def test_unknown_projects_are_told_from_those_of_others(trained, alice):
    error = alice.refused("SELECT pgml.predict('summ', '{1,2,3}')")
    assert error.pgcode == "ML003"
    assert "sum," not in error.diag.message_hint and "parity" not in error.diag.message_hint
    trained.execute("SELECT pgml.grant('parity', 'predict', 'alice')")
    assert "parity" in alice.refused("SELECT pgml.deploy('paritty')").diag.message_hint


@pytest.mark.parametrize(
    ("call", "sqlstate", "said"),
    [
        ("pgml.grant('sum', 'preddict', 'alice')", "ML009", 'unknown privilege "preddict"'),
        ("pgml.grant('sum', NULL, 'alice')", "ML009", "privilege must not be NULL"),
        ("pgml.grant(NULL, 'predict', 'alice')", "ML009", "project_name must not be NULL"),
        ("pgml.grant('sum', 'predict', NULL)", "ML009", "role must not be NULL"),
        ("pgml.grant('nothing', 'predict', 'alice')", "ML003", 'unknown project "nothing"'),
        ("pgml.grant('sum', 'predict', 'nobody_at_all')", "42704", 'role "nobody_at_all" does not exist'),
        ("pgml.grant('sum', 'predict', 4294967000)", "ML009", "there is no role with the OID 4294967000"),
        ("pgml.grant('sum', 'predict', current_user::regrole)", "ML009", 'owns the project "sum"'),
        ("pgml.revoke('sum', 'own', 'alice')", "ML009", 'unknown privilege "own"'),
    ],
)
def test_grants_that_cannot_be(trained, alice, call, sqlstate, said):
    error = Session(trained.connect()).refused(f"SELECT {call}")
    assert error.pgcode == sqlstate
    assert said in error.diag.message_primary


def test_a_project_is_handed_over(trained, alice, stranger):
    trained.execute("GRANT SELECT ON numbers TO alice")
    alice.train("mine", "regression", "numbers", "target")
    assert stranger.refused("SELECT pgml.grant('mine', 'own', 'stranger')").pgcode == "42501"
    alice.execute("SELECT pgml.grant('mine', 'own', 'stranger')")
    assert stranger.execute("SELECT name, owner FROM pgml.projects") == [("mine", "stranger")]
    assert alice.refused("SELECT pgml.grant('mine', 'own', 'alice')").pgcode == "42501"
    assert alice.predict("mine", [1, 2, 3]) == stranger.predict("mine", [1, 2, 3])
    stranger.execute("SELECT pgml.revoke('mine', 'predict', 'alice')")
    assert alice.refused("SELECT pgml.predict('mine', '{1,2,3}')").pgcode == "42501"
    trained.execute("DROP OWNED BY stranger; SELECT pgml.grant('mine', 'own', 'alice')")
    assert alice.execute("SELECT name, owner FROM pgml.projects") == [("mine", "alice")]


def test_a_role_that_has_rights_is_dropped_like_any_other(trained, alice):
    trained.execute("SELECT pgml.grant('sum', 'read', 'alice')")
    error = Session(trained.connect()).refused("DROP ROLE alice")
    assert error.pgcode == "2BP01"
    trained.execute("ALTER ROLE alice RENAME TO bob; ALTER ROLE bob PASSWORD 'bob'")
    assert trained.execute("SELECT DISTINCT role_name FROM pgml.grants WHERE role_name <> %s", "postgres") == [("bob",)]
    trained.execute("DROP OWNED BY bob")
    assert trained.execute("SELECT * FROM pgml.grants WHERE role_name = %s", "bob") == []
    trained.execute("ALTER ROLE bob RENAME TO alice")


# -- the relation is read as the caller --------------------------------------------------------------------


def test_a_table_that_the_caller_may_not_read(trained, alice):
    error = alice.refused("SELECT pgml.train('secret', 'regression', 'points', 'target')")
    assert error.pgcode == "42501"
    assert "permission denied for table points" in error.diag.message_primary
    trained.execute("CREATE SCHEMA hidden; CREATE TABLE hidden.points AS TABLE points")
    assert (
        alice.refused("SELECT pgml.train('secret', 'regression', 'hidden.points', 'target')").pgcode
        == "42501"
    )
    assert trained.execute("SELECT count(*) FROM pgml_internal.projects WHERE name = 'secret'") == [(0,)]


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
    newest = "SELECT table_name, row_count FROM pgml.snapshots ORDER BY id DESC LIMIT 1"
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


def test_the_engine_follows_the_role_of_the_moment(trained):
    """One session, several roles: nothing that was prepared as one is used as another."""
    enter(trained, "carol")
    session = Session(trained.connect())
    session.train("sum", None, "points", "target", hyperparams='{"fit_intercept": false}')
    session.execute("SET ROLE carol")
    assert session.refused("SELECT pgml.train('sum', NULL, 'points', 'target')").pgcode == "42501"
    assert session.refused("SELECT pgml.train('of carol', 'regression', 'points', 'target')").pgcode == "42501"
    session.execute("RESET ROLE")
    assert session.train("sum", None, "points", "target")[0] == "sum"
