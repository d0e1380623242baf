"""Data sets are made with the rights of pgml's owner: nothing of anybody else's is there when that happens."""

from __future__ import annotations

import pytest

BOTH_DOORS = True

# What somebody may have put where the table of a data set goes, who was given CREATE on schema pgml by mistake.
THERE_FIRST = {
    "a table": "CREATE TABLE pgml.iris (sepal_length float8)",
    "a table with a trigger": "CREATE TABLE pgml.iris (sepal_length float8);"
    "CREATE TRIGGER t BEFORE INSERT OR DELETE ON pgml.iris FOR EACH ROW EXECUTE FUNCTION mallory.on_change();"
    "CREATE TRIGGER u BEFORE TRUNCATE ON pgml.iris FOR EACH STATEMENT EXECUTE FUNCTION mallory.on_change()",
    "a table that says it is a data set": "CREATE TABLE pgml.iris AS TABLE pgml.linnerud;"
    "COMMENT ON TABLE pgml.iris IS 'a data set that pgml.load_dataset loaded';"
    "CREATE TRIGGER t BEFORE INSERT ON pgml.iris FOR EACH ROW EXECUTE FUNCTION mallory.on_change()",
    "a view": "CREATE VIEW pgml.iris AS SELECT mallory.loot() AS target",
    "a view with a rule": "CREATE VIEW pgml.iris AS SELECT 1 AS target;"
    "CREATE RULE r AS ON INSERT TO pgml.iris DO INSTEAD SELECT mallory.loot()",
    "a partitioned table": "CREATE TABLE pgml.iris (target int) PARTITION BY RANGE (target)",
    "a sequence": "CREATE SEQUENCE pgml.iris",
    "a composite type": "CREATE TYPE pgml.iris AS (target int)",
    "a domain": "CREATE DOMAIN pgml.iris AS int CHECK (mallory.loot())",
}  # fmt: skip

ON_CHANGE = """
CREATE FUNCTION mallory.on_change() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM mallory.loot(); RETURN NEW; END'
"""


@pytest.mark.parametrize("there", THERE_FIRST.values(), ids=THERE_FIRST)
def test_an_ordinary_role_puts_nothing_where_a_data_set_goes(mallory, there):
    mallory.execute(ON_CHANGE)
    assert mallory.refused(there).pgcode == "42501"


@pytest.mark.parametrize("victim", ["sue", "owner"])
@pytest.mark.parametrize("there", THERE_FIRST.values(), ids=THERE_FIRST)
def test_what_is_there_by_mistake_is_left_alone(house, mallory, victim, there):
    house.owner.execute("GRANT CREATE ON SCHEMA pgml TO mallory")
    mallory.execute(ON_CHANGE + ";" + there)
    error = house.session(victim).refused("SELECT pgml.load_dataset('iris')")
    house.owner.execute("REVOKE CREATE ON SCHEMA pgml FROM mallory; DROP OWNED BY mallory CASCADE")
    assert error.pgcode in ("ML009", "42P07", "42710")
    assert house.looters() == set()


@pytest.mark.parametrize("trigger", [
    "CREATE TRIGGER t BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION mallory.on_change()",
    "CREATE TRIGGER t AFTER INSERT ON {} FOR EACH STATEMENT EXECUTE FUNCTION mallory.on_change()",
    "CREATE TRIGGER t BEFORE TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION mallory.on_change()",
    "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON {} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION mallory.on_change()",
])  # fmt: skip
@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_a_trigger_on_a_data_set_does_not_run_as_its_owner(house, mallory, sue, trigger, isolation):
    """GRANT ALL ON ALL TABLES includes TRIGGER. Mallory makes hers when sue's transaction has already looked around."""
    house.owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA pgml TO mallory")
    sue.execute(f"BEGIN ISOLATION LEVEL {isolation}; SELECT count(*) FROM pg_trigger")
    mallory.execute(ON_CHANGE + ";" + trigger.format("pgml.linnerud"))
    try:
        if isolation == "READ COMMITTED":
            assert "triggers" in sue.refused("SELECT pgml.load_dataset('linnerud')").diag.message_primary
        else:
            sue.execute("SELECT pgml.load_dataset('linnerud')")
            sue.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert house.looters() == set()
        sue.execute("ROLLBACK")
        mallory.execute("BEGIN; INSERT INTO pgml.linnerud SELECT * FROM pgml.linnerud LIMIT 1")
        mallory.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE pgml.linnerud")
        assert house.looters() == {"mallory"}, "there was nothing to run"
        mallory.execute("ROLLBACK")
    finally:
        sue.execute("ROLLBACK")
        house.owner.execute("DROP TRIGGER t ON pgml.linnerud; REVOKE ALL ON ALL TABLES IN SCHEMA pgml FROM mallory")


def test_loading_again_keeps_who_may_read(house, sue, mallory):
    sue.execute("BEGIN; SELECT pgml.load_dataset('iris'); SELECT pgml.load_dataset('iris'); COMMIT")
    assert mallory.value("SELECT count(*) FROM pgml.iris") == 150
    for statement in ("DELETE FROM pgml.iris", "TRUNCATE pgml.iris", "DROP TABLE pgml.iris", "ALTER TABLE pgml.iris ADD x int"):
        assert mallory.refused(statement).pgcode == "42501"
    assert house.owner.value("SELECT tableowner FROM pg_tables WHERE schemaname = 'pgml' AND tablename = 'iris'") == "postgres"
    house.owner.execute("DROP TABLE pgml.iris")


@pytest.mark.parametrize("source", ["projects", "models", 'iris"; SELECT mallory.loot(); --', "../iris", "pg_class", "", None, "x" * 100])
def test_a_data_set_is_one_that_a_plugin_brings(house, sue, source):
    assert sue.refused("SELECT pgml.load_dataset(%s)", source).pgcode in ("ML009", "ML002", "ML017", "ML006", "ML019")
    assert house.looters() == set()
