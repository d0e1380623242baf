"""Predictions for those who may predict, and nothing for anybody else, however many roles one statement has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from house import House
from sessions import AT_ONCE, Session, blocked, eventually, meanwhile

BOTH_DOORS = True

ASK = "SELECT pgml.predict('harvest', '{1,2}')"


@pytest.fixture
def paul(house) -> Session:
    """The session of a role that may predict with the project `harvest`, and nothing more."""
    return house.session("paul")


@pytest.fixture
def through_paul(house) -> Iterator[None]:
    """public.as_paul(x): paul's prediction, for everybody; public.tried(x): one's own, NULL where that is refused."""
    house.owner.execute("""
        CREATE FUNCTION as_paul(x float8) RETURNS float8 LANGUAGE sql SECURITY DEFINER SET search_path = ''
            RETURN pgml.predict('harvest', ARRAY[x, 2]);
        CREATE FUNCTION as_paul_in_blocks(x float8) RETURNS float8 LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
            'BEGIN RETURN pgml.predict(''harvest'', ARRAY[x, 2]); EXCEPTION WHEN division_by_zero THEN RETURN 0; END';
        ALTER FUNCTION as_paul(float8) OWNER TO paul;
        ALTER FUNCTION as_paul_in_blocks(float8) OWNER TO paul;
        CREATE FUNCTION tried(x float8) RETURNS float8 LANGUAGE plpgsql AS
            'BEGIN RETURN pgml.predict(''harvest'', ARRAY[x, 2]); EXCEPTION WHEN insufficient_privilege THEN RETURN NULL; END';
    """)
    yield
    house.owner.execute("DROP FUNCTION as_paul(float8), as_paul_in_blocks(float8), tried(float8)")


def refused(session: Session, statement: str) -> None:
    assert session.refused(statement).pgcode == "42501"


def test_a_role_that_may_predict_does_nothing_else(house, paul):
    assert paul.value(ASK) == house.session("anna").value(ASK)
    for view in ("snapshots", "models", "deployments", "grants", "trained_models", "deployed_models", "overview"):
        assert paul.execute(f"TABLE pgml.{view}") == []
    assert paul.execute("SELECT name, owner FROM pgml.projects") == [("harvest", "anna")]
    for statement in (
        f"TABLE {house.snapshot}", "SELECT predictor FROM pgml_internal.artifacts", "SELECT pgml.train('harvest')",
        "SELECT pgml.deploy('harvest')", "SELECT pgml.deploy('harvest', 'rollback')", "SELECT pgml.load_dataset('iris')",
        "SELECT pgml.grant('harvest', 'predict', 'mallory')", "SELECT pgml.revoke('harvest', 'read', 'rita')",
        "SELECT pgml.predict('crown', '{1,2}')",
    ):  # fmt: skip
        refused(paul, statement)


def test_who_may_not_predict_does_not(mallory):
    for statement in (
        ASK, "SELECT pgml.predict('harvest', ARRAY[a, b]) FROM points",
        "SELECT pgml.predict('harvest', '{1}')", "SELECT * FROM points WHERE a < pgml.predict('harvest', '{1,2}')",
        f"EXPLAIN ANALYZE {ASK}", "SELECT pgml.predict(name, ARRAY[a, b]) FROM points, (VALUES ('harvest')) AS v (name)",
        "SELECT coalesce(pgml.predict('harvest', '{1,2}'), 0)", f"DECLARE c CURSOR WITH HOLD FOR {ASK}",
        f"CREATE TEMP TABLE t AS {ASK}", f"DO $$ BEGIN PERFORM ({ASK}); END $$",
    ):  # fmt: skip
        refused(mallory, statement)


def test_two_roles_take_turns_in_one_statement(house, mallory, paul, through_paul):
    own = paul.value("SELECT sum(pgml.predict('harvest', ARRAY[a, 2])) FROM points")
    turns = """
        SELECT sum(as_paul(a)), count(tried(a)), sum(as_paul_in_blocks(a)), count(tried(a)), sum(as_paul(a)) FROM points
    """
    assert mallory.execute(turns) == [(own, 0, own, 0, own)]
    assert paul.execute(turns) == [(own, 60, own, 60, own)]
    refused(mallory, "SELECT as_paul(1), pgml.predict('harvest', '{1,2}'), as_paul(2)")
    refused(mallory, "SELECT pgml.predict('harvest', ARRAY[as_paul(1), 2])")
    refused(mallory, "SELECT as_paul(pgml.predict('harvest', '{1,2}'))")
    refused(mallory, "SELECT as_paul(1) UNION ALL SELECT pgml.predict('harvest', '{1,2}')")
    assert mallory.execute("SELECT tried(as_paul(1)), as_paul(coalesce(tried(as_paul(1)), 1))")[0] == (None, paul.value(ASK))


def test_what_another_role_was_answered_stays_its_own_in_parallel_workers(house, mallory, paul):
    """Whoever asks may have PostgreSQL send a query to another process, where what was asked is not known."""
    house.owner.execute("""
        CREATE FUNCTION as_paul_or_not(x float8) RETURNS float8 LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
            'BEGIN RETURN pgml.predict(''harvest'', ARRAY[x, x]); EXCEPTION WHEN OTHERS THEN RETURN NULL; END';
        ALTER FUNCTION as_paul_or_not(float8) OWNER TO paul;
    """)
    rows = "pgml.predict_batch('harvest', ARRAY[[1,2],[3,4]])"
    expected = paul.execute(f"SELECT * FROM {rows}")
    assert len(expected) == 2
    version = int(paul.value("SHOW server_version_num"))
    for session in (mallory, paul):
        session.execute(f"SET {'debug_parallel_query' if version >= 160000 else 'force_parallel_mode'} = on")
    for x in ("1", "'NaN'", "'Infinity'"):  # answered by the module in C, and by PL/Python
        for asked in (f"SELECT as_paul_or_not({x}), {rows}", f"DO $$BEGIN PERFORM as_paul_or_not({x}); PERFORM {rows}; END$$"):
            refused(mallory, asked)
        refused(mallory, f"SELECT as_paul_or_not({x}), array_agg(p) FROM {rows} AS p")
        assert [found[1:] for found in paul.execute(f"SELECT as_paul_or_not({x}), p FROM {rows} AS p")] == expected
    assert paul.value("SELECT count(*) FROM points, LATERAL pgml.predict_batch('harvest', ARRAY[[a, b], [b, a]])") == 120
    house.owner.execute("DROP FUNCTION as_paul_or_not(float8)")


def test_a_row_of_texts_is_not_answered_from_what_was_asked_before(paul, door):
    assert paul.value(ASK) is not None
    for row in ("'1'::text, '2'::text", "'1', '2'", "true, false", "VARIADIC ARRAY[1.0, 2.0]::float8[]", "1, 'x'::text"):
        assert paul.refused(f"SELECT pgml_doors.predict_row('harvest', {row})").pgcode == ("42804" if door == "c" else "42883")


def test_one_session_changes_its_role(house, sue, through_paul):
    sue.execute("BEGIN")
    for _ in range(2):
        sue.execute("SET LOCAL ROLE paul")
        assert sue.value(ASK) is not None
        sue.execute("SET LOCAL ROLE mallory; SAVEPOINT here")
        refused(sue, ASK)
        sue.execute("ROLLBACK TO here")
        assert sue.value("SELECT tried(1)") is None
        assert sue.value("SELECT as_paul(1)") is not None
        sue.execute("RESET ROLE")
        assert sue.value("SELECT tried(1)") is not None
    sue.execute("ROLLBACK")
    sue.execute("""
        DO $$
        DECLARE
            found float8;
        BEGIN
            FOR turn IN 1 .. 3 LOOP
                SET LOCAL ROLE paul;
                found := pgml.predict('harvest', '{1,2}');
                SET LOCAL ROLE mallory;
                BEGIN
                    found := pgml.predict('harvest', '{1,2}');
                    RAISE 'mallory has predicted %', found;
                EXCEPTION WHEN insufficient_privilege THEN
                    RESET ROLE;
                    found := pgml.predict('harvest', '{1,2}');
                END;
            END LOOP;
        END $$
    """)


@pytest.mark.parametrize("mode", ["auto", "force_generic_plan", "force_custom_plan"])
def test_a_plan_made_for_one_role_serves_another_with_that_ones_rights(sue, mode):
    sue.execute(f"SET plan_cache_mode = {mode}; SET ROLE paul; PREPARE asking AS {ASK}")
    sue.execute("PREPARE asking_for (float8) AS SELECT sum(pgml.predict('harvest', ARRAY[a, $1])) FROM points")
    for _ in range(7):
        sue.execute("EXECUTE asking; EXECUTE asking_for (2)")
    sue.execute("SET ROLE mallory")
    refused(sue, "EXECUTE asking")
    refused(sue, "EXECUTE asking_for (2)")
    sue.execute("SET ROLE paul")
    assert sue.execute("EXECUTE asking") == sue.execute(ASK)


def test_a_cursor_goes_on_with_the_rights_of_who_fetches(sue):
    sue.execute("BEGIN; SET LOCAL ROLE paul")
    sue.execute("DECLARE asking CURSOR FOR SELECT pgml.predict('harvest', ARRAY[a, b]) FROM points")
    assert len(sue.execute("FETCH 2 FROM asking")) == 2
    sue.execute("SET LOCAL ROLE mallory")
    refused(sue, "FETCH 2 FROM asking")


def test_parallel_workers_have_the_rights_of_who_asks(house, mallory, paul, through_paul):
    for session in (mallory, paul):
        session.execute("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0")
        session.execute(  # PostgreSQL 16 has another name for it
            "SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode')"
        )
    asked = "SELECT sum(pgml.predict('harvest', ARRAY[a, b])) FROM points"
    assert "Gather" in str(paul.execute(f"EXPLAIN {asked}"))
    paul.execute(asked)
    refused(mallory, asked)
    assert mallory.value("SELECT count(as_paul(a)) FROM points WHERE tried(a) IS NULL") == 60


def test_a_view_or_policy_predicts_as_who_looks(house, anna, mallory):
    house.owner.execute("""
        CREATE VIEW predicted AS SELECT pgml.predict('harvest', ARRAY[a, b]) FROM points;
        GRANT SELECT ON predicted TO PUBLIC;
        CREATE TABLE guarded AS TABLE points;
        GRANT SELECT ON guarded TO PUBLIC;
        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
        CREATE POLICY predicted ON guarded USING (pgml.predict('harvest', ARRAY[a, b]) > 0)
    """)
    refused(mallory, "TABLE predicted")
    refused(mallory, "TABLE guarded")
    assert len(anna.execute("TABLE predicted")) == len(anna.execute("TABLE guarded")) == 60
    house.owner.execute("DROP VIEW predicted; DROP TABLE guarded")


# -- rights that end ---------------------------------------------------------------------------------------


def test_a_right_ends_with_the_next_statement(house, anna, mallory):
    anna.execute("SELECT pgml.grant('harvest', 'predict', 'mallory')")
    mallory.execute(f"PREPARE asking AS {ASK}; EXECUTE asking; BEGIN; SAVEPOINT here; EXECUTE asking")
    anna.execute("SELECT pgml.revoke('harvest', 'predict', 'mallory')")
    for _ in range(2):
        refused(mallory, "EXECUTE asking")
        mallory.execute("ROLLBACK TO here")


def test_a_right_ends_with_a_transaction_in_one_long_statement(house, anna, mallory):
    anna.execute("SELECT pgml.grant('harvest', 'predict', 'mallory'), pg_advisory_lock(1)")
    long = meanwhile(mallory.refused, """
        DO $$ BEGIN
            PERFORM pgml.predict('harvest', '{1,2}');
            COMMIT;
            PERFORM pg_advisory_lock(1);
            PERFORM pgml.predict('harvest', '{1,2}');
        END $$
    """)  # fmt: skip
    eventually(lambda: blocked(mallory, by=anna))
    anna.execute("SELECT pgml.revoke('harvest', 'predict', 'mallory')")  # committed before the lock is let go
    anna.execute("SELECT pg_advisory_unlock(1)")
    assert long.result(AT_ONCE).pgcode == "42501"


def test_a_right_ends_at_once_where_it_is_taken_in_the_same_block(house, sue, through_paul):
    sue.execute("""
        DO $$ BEGIN
            PERFORM pgml.grant('harvest', 'predict', 'mallory');
            SET LOCAL ROLE mallory;
            PERFORM pgml.predict('harvest', '{1,2}'), pgml.predict('harvest', '{1,2}');
            RESET ROLE;
            PERFORM pgml.revoke('harvest', 'predict', 'mallory');
            SET LOCAL ROLE mallory;
            IF tried(1) IS NOT NULL THEN RAISE 'mallory has predicted'; END IF;
        END $$
    """)


def test_a_right_that_is_rolled_back_was_never_there(house, sue, through_paul):
    sue.execute("""
        DO $$ BEGIN
            BEGIN
                PERFORM pgml.grant('harvest', 'predict', 'mallory');
                SET LOCAL ROLE mallory;
                PERFORM pgml.predict('harvest', '{1,2}'), pgml.predict('harvest', '{1,2}');
                RAISE division_by_zero;
            EXCEPTION WHEN division_by_zero THEN
                SET LOCAL ROLE mallory;
            END;
            IF tried(1) IS NOT NULL THEN RAISE 'mallory has predicted'; END IF;
        END $$
    """)


def test_a_right_ends_with_a_membership(house, anna, mallory):
    house.owner.execute("CREATE ROLE pickers; GRANT pickers TO mallory")
    try:
        anna.execute("SELECT pgml.grant('harvest', 'predict', 'pickers')")
        assert mallory.value(ASK) is not None
        house.owner.execute("REVOKE pickers FROM mallory")
        refused(mallory, ASK)
        house.owner.execute("ALTER ROLE mallory NOINHERIT; GRANT pickers TO mallory")  # from PostgreSQL 16 on a grant keeps what it began with
        refused(mallory, ASK)
        mallory.execute("SET ROLE pickers")
        assert mallory.refused(ASK).pgcode == "42501"  # they have no USAGE on schema pgml
    finally:
        mallory.execute("RESET ROLE")
        house.owner.execute("DROP OWNED BY pickers; DROP ROLE pickers; ALTER ROLE mallory INHERIT")


def test_a_role_that_is_gone_has_no_rights(house: House, anna):
    house.owner.execute("CREATE ROLE passing LOGIN PASSWORD 'passing'; GRANT USAGE ON SCHEMA pgml TO passing")
    anna.execute("SELECT pgml.grant('harvest', 'train', 'passing')")
    session = house.another("passing")
    assert session.value(ASK) is not None
    assert "depend" in str(house.owner.refused("DROP ROLE passing"))
    house.owner.execute("DROP OWNED BY passing; GRANT USAGE ON SCHEMA pgml TO PUBLIC; DROP ROLE passing")
    try:
        for statement in (ASK, "SELECT pgml.train('harvest')", "SELECT pgml.deploy('harvest')", f"TABLE {house.snapshot}"):
            assert session.refused(statement).pgcode in ("42501", "ML009")
        assert session.execute("TABLE pgml.projects") == []
    finally:
        session.connection.close()
        house.owner.execute("REVOKE USAGE ON SCHEMA pgml FROM PUBLIC")
