"""What a function behind a relation does in the middle of a training: afterwards everybody is who they were."""

from __future__ import annotations

import pytest

TRAIN = "SELECT * FROM pgml.train('hers', 'regression', 'mallory.t', 'target')"
WHO = "SELECT current_user, session_user, current_setting('search_path'), current_setting('role')"

# The first snapshot that the role may write to: the one that is being filled.
HALF_FILLED = (
    "SELECT min(c.oid::regclass::text) FROM pg_class AS c"
    " WHERE relnamespace = 'pgml_snapshots'::regnamespace AND has_table_privilege(c.oid, 'INSERT')"
)


def behind(session, body: str, name: str = "t") -> None:
    """Make a view of `points` in mallory's schema, in which `body` is run for each row, `x` being its first number."""
    session.execute(
        f"""
        CREATE OR REPLACE FUNCTION mallory.middle(x float8) RETURNS float8 LANGUAGE plpgsql AS $body$
        DECLARE half_filled text := ({HALF_FILLED}); BEGIN {body}; RETURN x; END $body$;
        CREATE OR REPLACE VIEW mallory.{name} AS SELECT mallory.middle(a) AS a, b, target FROM points
        """
    )


def still_works(session) -> None:
    """Check that the session trains and predicts as it would have done before."""
    session.execute("SELECT pgml.train('hers too', 'regression', 'public.points', 'target')")
    assert session.value("SELECT pgml.predict('hers too', '{1,2}')") is not None
    assert session.refused("SELECT pgml.predict('harvest', '{1,2}')").pgcode == "42501"
    assert session.refused("SELECT * FROM pgml_internal.projects").pgcode == "42501"
    assert session.refused("CREATE TABLE pgml.t ()").pgcode == "42501"


WITHOUT_HARM = {
    "trains": "IF x = 1 THEN PERFORM pgml.train('nested', 'regression', 'points', 'target'); END IF",
    "predicts": "IF x < 3 THEN PERFORM pgml.train('nested', 'regression', 'points', 'target', deploy => true);"
    " PERFORM pgml.predict('nested', ARRAY[x, x]); END IF",
    "trains in vain": "BEGIN PERFORM pgml.train('harvest'); EXCEPTION WHEN insufficient_privilege THEN PERFORM mallory.loot(); END",
    "predicts in vain": "BEGIN PERFORM pgml.predict('harvest', '{1,2}');"
    " EXCEPTION WHEN insufficient_privilege THEN PERFORM mallory.loot(); END",
    "catches errors": "BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN PERFORM mallory.loot(); END",
    "sets its role": "PERFORM set_config('role', 'mallory', true)",
    "sets its path": "PERFORM set_config('search_path', 'mallory', true)",
    "looks": "PERFORM * FROM pgml.models; PERFORM mallory.loot()",
}  # fmt: skip

FAILING = {
    "raises": ("RAISE EXCEPTION 'enough'", "P0001"),
    "raises an error of its own": ("RAISE EXCEPTION 'enough' USING ERRCODE = 'X1234'", "X1234"),
    "raises one of pgml's": ("PERFORM pgml.deploy('nothing')", "ML003"),
    "raises at the end": ("IF x = 60 THEN RAISE EXCEPTION 'enough'; END IF", "P0001"),
    "cancels": ("PERFORM pg_cancel_backend(pg_backend_pid()), pg_sleep(1)", "57014"),
    "cancels at the end": ("IF x = 60 THEN PERFORM pg_cancel_backend(pg_backend_pid()); END IF", "57014"),
    "sets a path and raises": ("PERFORM set_config('search_path', 'mallory', false); RAISE EXCEPTION 'enough'", "P0001"),
    "sets a path that is none": ("PERFORM set_config('search_path', '\"', false)", "22023"),
    "reads the half-filled snapshot": ("EXECUTE 'SELECT FROM ' || half_filled", "42501"),
    "reads what it adds to it": ("EXECUTE 'INSERT INTO ' || half_filled || ' VALUES (1, 2, 3) RETURNING a'", "42501"),
    "adds rows to it": ("EXECUTE 'INSERT INTO ' || half_filled || ' VALUES (1, 2, 3)'", "ML010"),
    "empties it": ("EXECUTE 'TRUNCATE ' || half_filled", "42501"),
    "changes it": ("EXECUTE 'UPDATE ' || half_filled || ' SET a = 0'", "42501"),
    "takes it": ("EXECUTE 'ALTER TABLE ' || half_filled || ' OWNER TO mallory'", "42501"),
    "hangs a trigger on it": (
        "EXECUTE 'CREATE TRIGGER t BEFORE INSERT ON ' || half_filled || ' EXECUTE FUNCTION mallory.loot()'", "42501",
    ),
    "trains in itself": ("PERFORM pgml.train('nested', 'regression', 'mallory.t', 'target')", "ML009"),
    "makes itself somebody else": ("SET ROLE sue", "42501"),
    "makes itself pgml's owner": ("SET SESSION AUTHORIZATION postgres", "42501"),
}  # fmt: skip


@pytest.mark.parametrize("body", WITHOUT_HARM.values(), ids=WITHOUT_HARM)
def test_a_function_that_goes_on(mallory, body):
    before = mallory.execute(WHO)
    behind(mallory, body)
    mallory.execute(TRAIN)
    assert mallory.execute(WHO) == before
    still_works(mallory)


@pytest.mark.parametrize(("body", "sqlstate"), FAILING.values(), ids=FAILING)
def test_a_function_that_fails(mallory, body, sqlstate):
    before = mallory.execute(WHO)
    behind(mallory, body)
    assert mallory.refused(TRAIN).pgcode == sqlstate
    assert mallory.execute(WHO) == before

    mallory.execute("BEGIN; SAVEPOINT here")
    assert mallory.refused(TRAIN).pgcode == sqlstate
    mallory.execute("ROLLBACK TO here")
    assert mallory.execute(WHO) == before
    mallory.execute("ROLLBACK")

    mallory.execute(f"""
        DO $do$ BEGIN
            BEGIN
                PERFORM pgml.train('hers', 'regression', 'mallory.t', 'target');
                RAISE 'it was not refused';
            EXCEPTION WHEN SQLSTATE '{sqlstate}' THEN
                PERFORM mallory.loot();
            END;
            PERFORM set_config('mallory.who', current_user || current_setting('search_path'), false);
        END $do$
    """)  # fmt: skip
    assert mallory.value("SELECT current_setting('mallory.who')") == before[0][0] + before[0][2]
    still_works(mallory)


def test_a_function_that_takes_another_role_of_its_owner(house, mallory):
    """What SET ROLE leaves behind is what it would leave behind in any query."""
    house.owner.execute("CREATE ROLE gang; GRANT gang TO mallory; GRANT USAGE ON SCHEMA pgml TO gang")
    try:
        behind(mallory, "SET ROLE gang")
        mallory.execute(TRAIN)
        assert mallory.execute(WHO)[0][::3] == ("gang", "gang")
        assert mallory.refused("SELECT pgml.train('gangs', 'regression', 'public.points', 'target')").pgcode == "42501"
        mallory.execute("RESET ROLE")
        still_works(mallory)
    finally:
        house.owner.execute("DROP OWNED BY gang; DROP ROLE gang")


def test_a_function_of_a_superusers_behind_a_relation_keeps_its_identity(house, mallory):
    """Mallory's view calls what a superuser lets her call: the superuser's rights end where that function does."""
    house.owner.execute("""
        CREATE FUNCTION sue_trains(x float8) RETURNS float8 LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
        BEGIN
            IF x OPERATOR(pg_catalog.=) 1 THEN PERFORM pgml.train('crown', deploy => false); END IF;
            RETURN pgml.predict('crown', ARRAY[x, x]);
        END $$;
        ALTER FUNCTION sue_trains(float8) OWNER TO sue
    """)
    mallory.execute("BEGIN; CREATE VIEW mallory.t AS SELECT sue_trains(a) AS a, b, target FROM points WHERE mallory.loot()")
    mallory.execute(TRAIN)
    assert house.looters() == {"mallory"}
    mallory.execute("SAVEPOINT here")
    assert mallory.refused("SELECT pgml.predict('crown', '{1,2}')").pgcode == "42501"
    mallory.execute("ROLLBACK TO here")
    assert mallory.value("SELECT sue_trains(2)") is not None
    mallory.execute("ROLLBACK")
    house.owner.execute("DROP FUNCTION sue_trains(float8)")


def test_nobody_writes_to_a_snapshot_once_it_is_full(mallory):
    """Neither by its name nor with a plan that was made while it was allowed."""
    mallory.execute("CREATE TABLE mallory.noted (name text)")
    behind(mallory, "IF x = 1 THEN INSERT INTO mallory.noted VALUES (half_filled); EXECUTE 'PREPARE late AS INSERT INTO ' || half_filled || ' VALUES (1, 2, 3)'; END IF")
    mallory.execute(TRAIN)
    snapshot = mallory.value("SELECT name FROM mallory.noted")
    assert mallory.value(f"SELECT count(*) FROM {snapshot}") == 60
    assert mallory.refused("EXECUTE late").pgcode == "42501"
    for statement in ("INSERT INTO {} VALUES (1, 2, 3)", "UPDATE {} SET a = 1", "DELETE FROM {}", "TRUNCATE {}", "COPY {} FROM STDIN"):
        assert mallory.refused(statement.format(snapshot)).pgcode == "42501"
    assert mallory.value(
        "SELECT bool_or(has_table_privilege(%s, p) OR has_any_column_privilege(%s, replace(replace(p, 'DELETE', 'INSERT'), 'TRUNCATE', 'UPDATE')))"
        " FROM unnest('{INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER,REFERENCES}'::text[]) AS p WHERE p NOT IN ('TRIGGER')", snapshot, snapshot
    ) is False  # fmt: skip


def test_a_cancel_while_the_client_is_told_something(sue):
    """PL/Python raises another error where a NOTICE meets a cancel request than where a query does."""
    sue.execute("BEGIN")
    sue.execute("""
        DO LANGUAGE plpython3u $$
        from pgml.backend.session import Session
        GD["notice"] = Session.notice
        Session.notice = lambda session, text: plpy.error("canceling statement due to user request", sqlstate="57014")
        $$
    """)
    try:
        error = sue.refused("SELECT pgml.train('crown')")
        assert error.pgcode == "57014"
        assert error.diag.message_primary == "canceling statement due to user request"
    finally:
        sue.execute("ROLLBACK; DO LANGUAGE plpython3u 'from pgml.backend.session import Session; Session.notice = GD[''notice'']'")
