"""What a session keeps of a project's model and rights, while others change them: it holds as long as it is true."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
from sessions import Session, check_clean, eventually

BOTH_DOORS = True

ONE, OTHER = "random_forest", "gradient_boosting_trees"
PREDICT = "SELECT pgml.predict('sum', '{3,1,4}')"
MODEL = "SELECT max(id) FROM pgml_internal.models WHERE algorithm_name = %s AND project_id = (SELECT id FROM pgml_internal.projects WHERE name = 'sum')"


class Room:
    """A session that predicts and one that changes what answers, in a database where `sum` answers with ONE's model."""

    def __init__(self, database):
        self.database = database
        self.reader, self.writer = (Session(database.connect()) for _ in range(2))
        self.models = {algorithm: self.writer.value(MODEL, algorithm) for algorithm in (ONE, OTHER)}
        self.one, self.other = (
            self.writer.value("SELECT pgml.predict_model(%s, '{3,1,4}')", id) for id in self.models.values()
        )
        assert self.one != self.other
        self.deploy(ONE)

    def deploy(self, algorithm: str = OTHER, session: Session | None = None) -> None:
        (session or self.writer).execute("SELECT pgml.deploy('sum', 'most_recent', %s)", algorithm)


@pytest.fixture
def room(trained) -> Room:
    return Room(trained)


# -- deployments -------------------------------------------------------------------------------------------

STATEMENTS = {
    "plain": ("", PREDICT),
    "prepared, with a plan for all arguments": (
        "SET plan_cache_mode = force_generic_plan; PREPARE p AS SELECT pgml.predict($1, '{3,1,4}')", "EXECUTE p('sum')",
    ),
    "prepared, with a plan for each": (
        "SET plan_cache_mode = force_custom_plan; PREPARE p AS SELECT pgml.predict($1, '{3,1,4}')", "EXECUTE p('sum')",
    ),
    "in a transaction": ("BEGIN", PREDICT),
    "in a transaction that has written": ("BEGIN; CREATE TEMPORARY TABLE written ()", PREDICT),
    "in parallel": (
        "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off",
        "SELECT max(pgml.predict('sum', ARRAY[3, 1, 4 + 0 * a])) FROM points",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", STATEMENTS)
def test_the_next_statement_answers_with_the_new_model(room, kind):
    before, statement = STATEMENTS[kind]
    room.reader.execute(before or "SELECT 1")
    for algorithm, answer in ((ONE, room.one), (OTHER, room.other), (ONE, room.one)):
        room.deploy(algorithm)
        assert room.reader.value(statement) == answer
        assert room.reader.value(statement) == answer


@pytest.mark.parametrize("looked_up", ["before", "after"])
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_goes_on_with_what_its_snapshot_sees(room, level, looked_up):
    assert room.reader.value(PREDICT) == room.one
    room.reader.execute(f"BEGIN ISOLATION LEVEL {level}; SELECT count(*) FROM points")
    if looked_up == "before":
        assert room.reader.value(PREDICT) == room.one
    room.deploy()
    for _ in range(3):
        assert room.reader.value(PREDICT) == room.one
    room.reader.execute("COMMIT")
    assert room.reader.value(PREDICT) == room.other


@pytest.mark.parametrize("held", ["", "WITH HOLD"])
@pytest.mark.parametrize("deploys", ["another", "itself"])
@pytest.mark.parametrize("first", ["cursor", "statement"])
def test_a_cursor_keeps_the_model_that_it_was_opened_with(room, held, deploys, first):
    room.reader.execute(
        f"BEGIN; DECLARE c CURSOR {held} FOR SELECT pgml.predict('sum', ARRAY[3, 1, 4 + 0 * i]) FROM generate_series(1, 4) AS i"
    )
    if first == "cursor":
        assert room.reader.value("FETCH c") == room.one
    if deploys == "another":
        room.deploy()
    else:
        room.deploy(session=room.reader)
    if first == "statement":
        assert room.reader.value(PREDICT) == room.other
    for _ in range(2):
        assert room.reader.value("FETCH c") == room.one
        assert room.reader.value(PREDICT) == room.other
    room.reader.execute("COMMIT")
    if held:
        assert room.reader.value("FETCH c") == room.one
    assert room.reader.value(PREDICT) == room.other


def test_a_statement_answers_with_one_model(room):
    """Also where it hears in its midst of the next one."""
    room.writer.execute("SELECT pg_advisory_lock(1)")
    with ThreadPoolExecutor(1) as pool:
        rows = pool.submit(
            room.reader.execute,
            "SELECT pgml.predict('sum', ARRAY[3, 1, 4 + 0 * i]), CASE i WHEN 3 THEN pg_advisory_lock(1)::text END,"
            " pg_relation_size('pgml_internal.projects_id_seq') FROM generate_series(1, 9) AS i",
        )
        eventually(lambda: room.writer.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1)
        room.deploy()
        room.writer.execute("SELECT pg_advisory_unlock(1)")
        assert {row[0] for row in rows.result()} == {room.one}
    assert room.reader.value(PREDICT) == room.other


def test_a_block_sees_what_it_deploys_and_what_is_undone(room):
    room.reader.execute(
        """
        DO $$
        DECLARE
            said float8[];
        BEGIN
            said := said || pgml.predict('sum', '{3,1,4}');
            BEGIN
                PERFORM pgml.deploy('sum', 'most_recent', 'gradient_boosting_trees');
                said := said || pgml.predict('sum', '{3,1,4}');
                RAISE SQLSTATE 'ZZ001';
            EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
            END;
            RAISE NOTICE '%', said || pgml.predict('sum', '{3,1,4}');
        END $$
        """
    )
    said = room.reader.notices[-1].partition("{")[2].partition("}")[0]
    assert [float(each) for each in said.split(",")] == [room.one, room.other, room.one]


def test_serializable_transactions_see_each_others_predictions(room):
    """One writes what it predicted, the other deploys because of what is written: in no order they could do both."""
    room.writer.execute("CREATE TABLE written (x float8)")
    assert room.reader.value(PREDICT) == room.one
    for session in (room.reader, room.writer):
        session.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
    room.reader.execute("INSERT INTO written " + PREDICT)
    room.writer.execute("SELECT count(*) FROM written")
    room.deploy()
    room.writer.execute("COMMIT")
    with pytest.raises(psycopg2.errors.SerializationFailure):
        room.reader.execute("COMMIT")


# -- what an administrator does to the tables ---------------------------------------------------------------

SWAP = """
    UPDATE pgml_internal.projects SET name = 'aside' WHERE name = 'sum';
    UPDATE pgml_internal.projects SET name = 'sum' WHERE name = 'twin';
"""
UNDO = "DELETE FROM pgml_internal.deployments WHERE id = (SELECT max(id) FROM pgml_internal.deployments)"
CURSOR = "DECLARE c CURSOR FOR SELECT pgml.predict('sum', ARRAY[3, 1, 4 + 0 * i]) FROM generate_series(1, 4) AS i"


def make_twin(room: Room) -> None:
    """Make a project that answers with OTHER's model, deployed before that of `sum`."""
    room.writer.execute(
        "SELECT pgml_internal.create_project('twin', 'regression', current_user::regrole);"
        " INSERT INTO pgml_internal.deployments (project_id, model_id, strategy) SELECT id, %s, 'best_score'"
        " FROM pgml_internal.projects WHERE name = 'twin'", room.models[OTHER],
    )  # fmt: skip


@pytest.mark.parametrize("who", ["writer", "reader"])
@pytest.mark.parametrize("change", ["a project takes another's name", "a deployment is deleted"])
def test_an_older_cursor_is_not_answered_with_what_a_later_statement_found(room, change, who):
    """Although all that the later one found was there already when the cursor was opened."""
    if change == "a deployment is deleted":
        room.deploy(OTHER)
        room.deploy(ONE)
        changing = UNDO
    else:
        make_twin(room)
        changing = SWAP
    room.reader.execute("BEGIN; " + CURSOR)
    (room.writer if who == "writer" else room.reader).execute(changing)
    for _ in range(2):
        assert room.reader.value(PREDICT) == room.other
        assert room.reader.value("FETCH c") == room.one
    room.reader.execute("ROLLBACK")
    assert room.reader.value(PREDICT) == (room.other if who == "writer" else room.one)


def test_a_renamed_project(room):
    assert room.reader.value(PREDICT) == room.one
    room.writer.execute("UPDATE pgml_internal.projects SET name = 'total' WHERE name = 'sum'")
    assert room.reader.refused(PREDICT).pgcode == "ML003"
    assert room.reader.value("SELECT pgml.predict('total', '{3,1,4}')") == room.one


def test_a_deleted_project(room):
    by_id = f"SELECT pgml.predict_model({room.models[ONE]}, '{{3,1,4}}')"
    assert room.reader.value(PREDICT) == room.reader.value(by_id) == room.one
    room.writer.execute("DELETE FROM pgml_internal.projects WHERE name = 'sum'")
    assert room.reader.refused(PREDICT).pgcode == "ML003"
    check_clean(room.reader.refused(by_id))


def test_more_projects_than_a_session_keeps(room):
    room.writer.execute(
        "SELECT pgml_internal.create_project('many ' || i, 'regression', current_user::regrole) FROM generate_series(1, 70) AS i;"
        " INSERT INTO pgml_internal.deployments (project_id, model_id, strategy)"
        " SELECT id, CASE WHEN id % 2 = 0 THEN %s ELSE %s END, 'best_score' FROM pgml_internal.projects WHERE name LIKE 'many %%'"
        .replace("id % 2", "id %% 2"), room.models[ONE], room.models[OTHER],
    )  # fmt: skip
    for _ in range(2):
        assert room.reader.execute(
            "SELECT DISTINCT id % 2, pgml.predict(name, '{3,1,4}') FROM pgml.projects, generate_series(1, 2) WHERE name LIKE 'many %' ORDER BY 1"
        ) == [(0, room.one), (1, room.other)]


def test_the_schema_is_gone_for_a_while(room):
    """However often one asks meanwhile. Who has looked up before may go on."""
    assert room.reader.value(PREDICT) == room.one
    room.writer.execute("ALTER SCHEMA pgml_internal RENAME TO aside")
    fresh = Session(room.database.connect())
    for _ in range(20):
        with pytest.raises(psycopg2.Error):
            fresh.execute(PREDICT)
    room.writer.execute("ALTER SCHEMA aside RENAME TO pgml_internal")
    assert room.reader.value(PREDICT) == fresh.value(PREDICT) == room.one


def test_a_look_up_that_fails_in_its_midst_keeps_nothing(room, door):
    digest = room.writer.value("SELECT digest FROM pgml_internal.models WHERE id = %s", room.models[ONE])
    room.reader.execute("SET lock_timeout = '20ms'")
    for _ in range(3):
        assert room.reader.value(PREDICT) == room.one
        room.deploy(OTHER)
        room.deploy(ONE)
        room.writer.execute("BEGIN; LOCK TABLE pgml_internal.models")
        assert room.reader.refused(PREDICT).pgcode == "55P03"
        room.writer.execute("COMMIT")
    assert room.reader.value(PREDICT) == room.one
    if door == "c":
        room.deploy(OTHER)
        assert room.reader.value(PREDICT) == room.other
        assert digest not in Path(f"/proc/{room.reader.pid}/maps").read_text(), "the model that answered before is let go"


# -- rights ------------------------------------------------------------------------------------------------

TAKEN = {
    "revoked": ("SELECT 1", "SELECT pgml.revoke('sum', 'predict', 'alice')"),
    "no member any more": (
        "SELECT pgml.revoke('sum', 'predict', 'alice'); GRANT readers TO alice; SELECT pgml.grant('sum', 'predict', 'readers')",
        "REVOKE readers FROM alice",
    ),
    "no superuser any more": ("SELECT pgml.revoke('sum', 'predict', 'alice'); ALTER ROLE alice SUPERUSER", "ALTER ROLE alice NOSUPERUSER"),
}  # fmt: skip


@pytest.fixture
def alice(room) -> Session:
    """A session of a role that may predict."""
    session = Session(room.database.connect("alice"))
    room.database.role("readers")
    room.writer.execute("GRANT USAGE ON SCHEMA pgml TO PUBLIC; SELECT pgml.grant('sum', 'predict', 'alice')")
    return session


@pytest.mark.parametrize("transaction", ["", "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ"])
@pytest.mark.parametrize("how", TAKEN)
def test_a_right_that_is_taken_is_gone_at_once(room, alice, how, transaction):
    before, taking = TAKEN[how]
    room.writer.execute(before)
    alice.execute(transaction or "SELECT 1")
    assert alice.value(PREDICT) == room.one
    room.writer.execute(taking)
    assert alice.refused(PREDICT).pgcode == "42501"


def test_a_role_that_is_dropped(room):
    """Its sessions go on, without a right."""
    room.writer.execute("CREATE ROLE brief LOGIN SUPERUSER PASSWORD 'brief'; GRANT USAGE ON SCHEMA pgml TO PUBLIC")
    brief = Session(room.database.connect(user="brief", password="brief"))
    assert brief.value(PREDICT) == room.one
    room.writer.execute("DROP ROLE brief")
    check_clean(brief.refused(PREDICT))


def test_roles_that_take_turns_in_one_statement(room, alice):
    bob = Session(room.database.connect("bob"))
    room.writer.execute(
        """
        CREATE FUNCTION ask() RETURNS float8 LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN
            RETURN pgml.predict('sum', '{3,1,4}');
        EXCEPTION WHEN insufficient_privilege THEN
            RETURN NULL;
        END $$;
        ALTER FUNCTION ask() OWNER TO alice;
        """
    )
    assert bob.refused(PREDICT).pgcode == "42501"
    assert bob.value("SELECT sum(ask()) FROM generate_series(1, 3)") == pytest.approx(3 * room.one)
    room.writer.execute("ALTER FUNCTION ask() OWNER TO bob")
    turns = "SELECT pgml.predict('sum', '{3,1,4}'), ask() FROM generate_series(1, 3)"
    assert alice.execute(turns) == [(room.one, None)] * 3
    room.reader.execute("BEGIN")
    for role, may in (("alice", True), ("bob", False), ("alice", True)):
        room.reader.execute(f"SET LOCAL ROLE {role}; SAVEPOINT s")
        if may:
            assert room.reader.value(PREDICT) == room.one
        else:
            assert room.reader.refused(PREDICT).pgcode == "42501"
            room.reader.execute("ROLLBACK TO s")
