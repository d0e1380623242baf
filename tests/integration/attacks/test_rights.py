"""Who may do what in a project: each role tries everything, and what was taken back is gone, whatever is going on."""

from __future__ import annotations

import json

import pytest
from house import House
from sessions import AT_ONCE, Session, blocked, eventually, meanwhile

BOTH_DOORS = True

# In anna's project, the least right that each needs: those that have it are let in, the others are not.
ACTIONS = {
    "predict": ["SELECT pgml.predict('harvest', '{1,2}')"],
    "read": [
        "SELECT 1 / count(*) FROM pgml.models", "SELECT 1 / count(*) FROM pgml.snapshots", "SELECT 1 / count(*) FROM {snapshot}",
        "SELECT pgml.export_sql('harvest', 'f')", "SELECT pgml.export_model('harvest')",
    ],
    "train": ["SELECT pgml.train('harvest')", "SELECT pgml.train('harvest', 'regression', 'points', 'target')"],
    "deploy": ["SELECT pgml.deploy('harvest')", "SELECT pgml.deploy('harvest', 'rollback')", "SELECT pgml.deploy('harvest', 'most_recent', 'ridge')"],
    "own": [
        "SELECT pgml.grant('harvest', 'predict', 'mallory')", "SELECT pgml.grant('harvest', 'deploy', current_role::regrole)",
        "SELECT pgml.revoke('harvest', 'predict', 'paul')", "SELECT pgml.revoke('harvest', 'deploy', 'dora')",
    ],
}  # fmt: skip
ORDER = list(ACTIONS)
TRAIN = (
    "objective", "relation_name", "y_column_name", "algorithm", "search", "search_params", "search_args", "test_sampling",
    "preprocess", "deploy",
)  # fmt: skip
HAVE = {"mallory": None, "paul": "predict", "rita": "read", "tom": "train", "dora": "deploy"}


def refused(session: Session, statement: str, *parameters) -> str:
    """Run a statement that must be refused for want of a right; return what was said."""
    error = session.refused(statement, *parameters)
    assert error.pgcode == "42501", f"{statement}: {error}"
    return f"{error.diag.message_primary}\n{error.diag.message_hint}"


@pytest.mark.parametrize("role", HAVE)
def test_each_role_does_what_its_right_allows_and_nothing_else(house, role):
    session = house.session(role)
    session.execute("BEGIN; SAVEPOINT here")
    for needed, statements in ACTIONS.items():
        for statement in (statement.replace("{snapshot}", house.snapshot) for statement in statements):
            if HAVE[role] is not None and ORDER.index(needed) <= ORDER.index(HAVE[role]):
                session.execute(statement)
            elif "FROM pgml." in statement:
                assert session.refused(statement).pgcode == "22012"  # nothing is shown, so that it divides by zero
            else:
                refused(session, statement)
            session.execute("ROLLBACK TO here")


def test_a_trainer_replaces_no_model(house, anna):
    tom = house.session("tom")
    tom.execute("BEGIN")
    assert tom.train("harvest", algorithm="random_forest")[3] == "not deployed"
    before = anna.value("SELECT pgml.predict('harvest', '{1,2}')")
    assert tom.value("SELECT pgml.predict('harvest', '{1,2}')") == before
    tom.execute("ROLLBACK")


def test_a_name_that_is_taken_is_taken(house, mallory):
    for name in ("harvest", "crown"):
        said = refused(mallory, "SELECT pgml.train(%s, 'regression', 'points', 'target')", name)
        assert said.startswith(f'permission denied for project "{name}"')
        refused(mallory, "SELECT pgml.train(%s, 'classification', 'points', 'target')", name)
    refused(mallory, "DO $$ BEGIN PERFORM pgml.train('hers', 'regression', 'points', 'target'); PERFORM pgml.train('harvest'); END $$")
    assert mallory.value("SELECT count(*) FROM pgml.projects") == 0


def test_a_name_that_another_session_is_just_taking(house, mallory):
    """Mallory waits for tom to make a project of that name, and then has no right in it."""
    tom = house.session("tom")
    tom.execute("BEGIN; SELECT pgml.train('new', 'regression', 'points', 'target')")
    waiting = meanwhile(refused, mallory, "SELECT pgml.train('new', 'regression', 'points', 'target')")
    eventually(lambda: blocked(mallory, by=tom))
    tom.execute("COMMIT")
    assert waiting.result(AT_ONCE).startswith('permission denied for project "new"')
    house.forget_projects()


def test_nobody_takes_anything_from_the_owner(house, anna, mallory, sue):
    for privilege in ("predict", "read", "train", "deploy"):
        assert anna.refused("SELECT pgml.revoke('harvest', %s, 'anna')", privilege).pgcode == "ML009"
        assert sue.refused("SELECT pgml.revoke('harvest', %s, 'anna')", privilege).pgcode == "ML009"
    for statement in (
        "SELECT pgml.revoke('harvest', 'own', 'mallory')", "SELECT pgml.grant('harvest', 'predict, own', 'mallory')",
        "SELECT pgml.grant('harvest', '', 'mallory')", "SELECT pgml.grant('harvest', NULL, 'mallory')",
        "SELECT pgml.grant('harvest', 'predict', NULL)", "SELECT pgml.grant('harvest', 'predict', 0::regrole)",
        "SELECT pgml.grant('harvest', 'predict', 999999::regrole)", "SELECT pgml.grant(NULL, 'predict', 'mallory')",
        "SELECT pgml.grant('harvest', 'PREDICT', 'mallory')",
    ):  # fmt: skip
        assert anna.refused(statement).pgcode == "ML009"
    assert anna.refused("SELECT pgml.grant('harvest', 'predict', 'public')").pgcode == "42704"
    refused(mallory, "SELECT pgml.predict('harvest', '{1,2}')")


def test_a_role_with_a_strange_name_gets_its_own_rights(house, anna, mallory):
    """Nor is a hint to be trusted less than any other SQL: it is copied."""
    strange = 'Mallory"; GRANT anna TO mallory; --'
    quoted = '"' + strange.replace('"', '""') + '"'
    house.owner.execute(f"CREATE ROLE {quoted}; GRANT USAGE ON SCHEMA pgml TO {quoted}; CREATE ROLE \"PUBLIC\"; GRANT {quoted} TO sue")
    try:
        sue = house.session("sue")
        sue.execute(f"SET ROLE {quoted}")
        for statement in ("SELECT pgml.predict('harvest', '{1,2}')", "SELECT pgml.deploy('harvest')"):
            hint = refused(sue, statement).partition("\n")[2]
            granted = hint.partition("it: ")[2]
            anna.execute("BEGIN")
            anna.execute(granted)
            assert anna.value("SELECT count(*) FROM pgml.grants WHERE role_name = %s", strange) in (1, 4)
            anna.execute("ROLLBACK")
        sue.execute("RESET ROLE")
        anna.execute("""BEGIN; SELECT pgml.grant('harvest', 'deploy', '"PUBLIC"')""")
        anna.execute("COMMIT")
        refused(mallory, "SELECT pgml.predict('harvest', '{1,2}')")
        anna.execute("""SELECT pgml.revoke('harvest', 'predict', '"PUBLIC"')""")
    finally:
        house.owner.execute(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}; DROP ROLE \"PUBLIC\"")


# -- rights that are taken back ----------------------------------------------------------------------------


@pytest.mark.parametrize("privilege", ["predict", "read", "train", "deploy"])
def test_a_transaction_that_goes_on_has_no_rights_that_were_taken_back(house, anna, mallory, privilege):
    anna.execute("SELECT pgml.grant('harvest', %s, 'mallory')", privilege)
    statements = [statement.replace("{snapshot}", house.snapshot) for statement in ACTIONS[privilege]]
    mallory.execute("BEGIN")
    for statement in statements * 2:
        mallory.execute(statement)
    mallory.execute("SAVEPOINT here")
    anna.execute("SELECT pgml.revoke('harvest', 'predict', 'mallory')")
    for statement in statements:
        assert mallory.refused(statement).pgcode in ("42501", "22012"), statement
        mallory.execute("ROLLBACK TO here")


@pytest.mark.parametrize("doing", ["SELECT pgml.train('harvest')", "SELECT pgml.deploy('harvest', 'rollback')", "TABLE {snapshot}"])
def test_nobody_keeps_a_right_by_not_ending_a_transaction(house, anna, mallory, doing):
    anna.execute("SELECT pgml.grant('harvest', 'deploy', 'mallory')")
    mallory.execute("BEGIN")
    mallory.execute(doing.replace("{snapshot}", house.snapshot))
    anna.execute("SET lock_timeout = '5s'; SELECT pgml.revoke('harvest', 'predict', 'mallory')")
    mallory.execute("ROLLBACK")
    refused(mallory, "SELECT pgml.predict('harvest', '{1,2}')")


def test_a_snapshot_that_was_being_made_when_a_right_was_taken_back(house: House, anna, mallory):
    """The revoking session cannot see it yet; afterwards it is as closed as the others."""
    anna.execute("SELECT pgml.grant('harvest', 'read', 'mallory')")
    tom = house.session("tom")
    tom.execute("BEGIN; SELECT pgml.train('harvest', NULL, 'points', 'target', deploy => false)")
    snapshot, number = tom.execute("SELECT table_name, id FROM pgml.snapshots ORDER BY id DESC LIMIT 1")[0]
    anna.execute("SELECT pgml.revoke('harvest', 'read', 'mallory')")
    tom.execute("COMMIT")
    try:
        assert anna.value(f"SELECT count(*) FROM {snapshot}") == 60
        assert house.session("rita").value(f"SELECT count(*) FROM {snapshot}") == 60
        assert mallory.value(f"SELECT count(*) FROM {snapshot}") == 0
        mallory.execute("SET row_security = off")
        refused(mallory, f"SELECT count(*) FROM {snapshot}")
    finally:
        anna.execute("SELECT pgml.revoke('harvest', 'predict', 'mallory')")
        house.owner.execute(
            f"DELETE FROM pgml_internal.models WHERE snapshot_id = {number};"
            f"DELETE FROM pgml_internal.snapshots WHERE id = {number}"
        )


def test_two_grants_at_a_time(house: House, anna):
    """They wait for each other, instead of failing as two changes of one row of a catalog do."""
    other = house.another("anna")
    anna.execute("BEGIN; SELECT pgml.grant('harvest', 'predict', 'mallory')")
    waiting = meanwhile(other.execute, "SELECT pgml.grant('harvest', 'train', 'mallory')")
    eventually(lambda: blocked(other, by=anna))
    anna.execute("COMMIT")
    assert len(waiting.result(AT_ONCE)) == 1
    anna.execute("SELECT pgml.revoke('harvest', 'predict', 'mallory')")
    other.connection.close()


def test_nobody_keeps_a_project_from_going(house, mallory):
    """A view can be made of a table that one may not read, and it holds that table."""
    mallory.execute(f"CREATE VIEW mallory.v AS SELECT 1 AS one FROM {house.snapshot}")
    mallory.execute(f"CREATE TABLE mallory.t (x {house.snapshot})")
    refused(mallory, "TABLE mallory.v")
    house.owner.execute("BEGIN; DELETE FROM pgml_internal.projects WHERE name = 'harvest'")
    assert house.owner.value("SELECT to_regclass(%s) IS NULL", house.snapshot)
    house.owner.execute("ROLLBACK")


# -- EXECUTE -----------------------------------------------------------------------------------------------


def test_a_plan_made_for_a_superuser_trains_and_loads_for_nobody_else(house, sue):
    """PostgreSQL does not ask for EXECUTE again where a function's body stands in the plan in place of its call."""
    sue.execute("PREPARE loading AS SELECT pgml.load_dataset('linnerud'); PREPARE training AS SELECT pgml.train('crown')")
    sue.execute("CREATE FUNCTION pg_temp.load() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN pgml.load_dataset(''linnerud''); END'")
    sue.execute("BEGIN; EXECUTE loading; EXECUTE training; SELECT pg_temp.load(); ROLLBACK")
    for role in ("paul", "mallory"):
        sue.execute(f"SET ROLE {role}")
        for statement in ("EXECUTE loading", "SELECT pg_temp.load()", "SELECT pgml.load_dataset('iris')", "EXECUTE training"):
            refused(sue, statement)
        sue.execute("RESET ROLE")


def test_a_role_that_reads_all_data_trains_and_loads_nothing(house):
    """It has USAGE on every schema, and finds functions there that are for everybody."""
    house.owner.execute("GRANT pg_read_all_data TO paul")
    paul = house.session("paul")
    try:
        for verb, arguments in (
            ("load_dataset", {"source": "iris"}),
            ("train", {**dict.fromkeys(TRAIN), "project_name": "his", "hyperparams": {}, "test_size": 0.25}),
            ("deploy", {"project_name": "harvest", "strategy": "rollback", "algorithm_name": None}),
            ("revoke", {"project_name": "harvest", "privilege": "predict", "role": 10}),
            ("export_sql", {"project_name": "harvest", "function_name": "f"}),
            ("export_model", {"project_name": "crown", "format": "native"}),
        ):
            answer = paul.value("SELECT pgml_internal.call(%s, %s, '')", verb, json.dumps(arguments))
            assert answer["error"]["sqlstate"] == "42501", answer
        assert paul.value("SELECT (pgml_internal.answer_first()).prediction") is None
        for statement in (
            "SELECT pgml_internal.change_rights(1, 0, '{own}', true)", "SELECT pgml_internal.answer_with('', '')",
            "SELECT pgml_internal.create_rights(1, 0)", "SELECT pgml_internal.create_project('x', 'regression', 0)",
            "SELECT pgml_internal.create_snapshot(1, '{}', '{}', 0)", "SELECT pgml_internal.seal_snapshot(1, 1)",
            "SELECT pgml_internal.close('vault')", "SELECT pgml_internal.asked()", "SELECT pgml_internal.answer_carefully(NULL)",
            "SELECT pgml_internal.raise('{}', 1)", "SELECT pgml_internal.hide_context(1)",
        ):  # fmt: skip
            refused(paul, statement)
    finally:
        house.owner.execute("REVOKE pg_read_all_data FROM paul")


def test_a_setting_does_not_say_where_a_snapshot_goes(mallory):
    """pgml's owner may create tables in every tablespace. There is one that nobody may: it shows what was tried."""
    mallory.execute("SET default_tablespace = 'pg_global'")
    assert mallory.refused("CREATE TABLE mallory.t ()").pgcode == "42501"
    mallory.execute("SELECT pgml.train('hers', 'regression', 'points', 'target')")
