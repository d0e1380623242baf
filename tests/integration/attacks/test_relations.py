"""What hangs on a relation that is trained on: it runs as whoever trains, never as pgml's owner, or it does not run."""

from __future__ import annotations

import pytest

TRAIN = "SELECT * FROM pgml.train('hers', 'regression', %s, 'target')"

# Relations of mallory's, in her schema, on which she trains herself.
LOOTING = {
    "a function in a view": "CREATE VIEW mallory.t AS SELECT CASE WHEN mallory.loot() THEN a END AS a, b, target FROM points",
    "a function in a condition": "CREATE VIEW mallory.t AS SELECT a, b, target FROM points WHERE mallory.loot()",
    "a function in an order": "CREATE VIEW mallory.t AS SELECT a, b, target FROM points ORDER BY mallory.loot(), a",
    "a set": """
        CREATE FUNCTION mallory.rows() RETURNS SETOF points LANGUAGE plpgsql AS
            'BEGIN PERFORM mallory.loot(); RETURN QUERY TABLE points; END';
        CREATE VIEW mallory.t AS SELECT * FROM mallory.rows()""",
    "an operator": """
        CREATE FUNCTION mallory.plus(float8, float8) RETURNS float8 LANGUAGE plpgsql AS
            'BEGIN PERFORM mallory.loot(); RETURN $1 OPERATOR(pg_catalog.+) $2; END';
        CREATE OPERATOR mallory.+ (FUNCTION = mallory.plus, LEFTARG = float8, RIGHTARG = float8);
        CREATE VIEW mallory.t AS SELECT a OPERATOR(mallory.+) b AS a, b, target FROM points""",
    "a cast": """
        CREATE TYPE mallory.mood AS (x float8);
        CREATE FUNCTION mallory.number(mallory.mood) RETURNS float8 LANGUAGE plpgsql AS
            'BEGIN PERFORM mallory.loot(); RETURN ($1).x; END';
        CREATE CAST (mallory.mood AS float8) WITH FUNCTION mallory.number(mallory.mood) AS IMPLICIT;
        CREATE VIEW mallory.t AS SELECT ROW(a)::mallory.mood::float8 AS a, b, target FROM points""",
    "a domain": """
        CREATE DOMAIN mallory.checked AS float8 CHECK (mallory.loot());
        CREATE VIEW mallory.t AS SELECT a::mallory.checked AS a, b, target FROM points""",
    "an aggregate": """
        CREATE FUNCTION mallory.add(float8, float8) RETURNS float8 LANGUAGE plpgsql AS
            'BEGIN PERFORM mallory.loot(); RETURN $1 + $2; END';
        CREATE AGGREGATE mallory.total(float8) (SFUNC = mallory.add, STYPE = float8, INITCOND = 0);
        CREATE VIEW mallory.t AS SELECT mallory.total(a) OVER (ORDER BY a) AS a, b, target FROM points""",
    "a policy": """
        CREATE TABLE mallory.t AS TABLE points;
        CREATE POLICY looted ON mallory.t USING (mallory.loot());
        ALTER TABLE mallory.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY""",
    "a materialized view of a function": """
        CREATE MATERIALIZED VIEW mallory.t AS SELECT a, b, target FROM points WHERE mallory.loot()""",
}  # fmt: skip

# Tables of mallory's whose code no reader runs, whoever it is.
QUIET = {
    "triggers": """
        CREATE FUNCTION mallory.on_change() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM mallory.loot(); RETURN NEW; END';
        CREATE TABLE mallory.t AS TABLE points;
        CREATE TRIGGER looting BEFORE INSERT OR UPDATE OR DELETE ON mallory.t FOR EACH ROW EXECUTE FUNCTION mallory.on_change();
        CREATE TRIGGER looting_too AFTER TRUNCATE ON mallory.t FOR EACH STATEMENT EXECUTE FUNCTION mallory.on_change()""",
    "rules": """
        CREATE TABLE mallory.t AS TABLE points;
        CREATE RULE looting AS ON INSERT TO mallory.t DO ALSO SELECT mallory.loot();
        CREATE RULE looting_too AS ON DELETE TO mallory.t DO INSTEAD SELECT mallory.loot()""",
    "defaults and identity": """
        CREATE FUNCTION mallory.one() RETURNS float8 LANGUAGE plpgsql AS 'BEGIN PERFORM mallory.loot(); RETURN 1; END';
        CREATE TABLE mallory.t (a float8 DEFAULT mallory.one(), b float8, target float8, n int GENERATED ALWAYS AS IDENTITY);
        INSERT INTO mallory.t SELECT a, b, target FROM points""",
    "a generated column": """
        CREATE FUNCTION mallory.one(float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS
            'BEGIN PERFORM mallory.loot(); RETURN $1; END';
        CREATE TABLE mallory.t (a float8, b float8, target float8, c float8 GENERATED ALWAYS AS (mallory.one(a)) STORED);
        INSERT INTO mallory.t SELECT a, b, target FROM points""",
    "a domain": """
        CREATE DOMAIN mallory.checked AS float8 CHECK (mallory.loot());
        CREATE DOMAIN mallory.twice AS mallory.checked CHECK (mallory.loot());
        CREATE TABLE mallory.t (a mallory.checked, b mallory.twice, target float8);
        INSERT INTO mallory.t SELECT a, b, target FROM points""",
    "a constraint": """
        CREATE TABLE mallory.t (a float8 CHECK (mallory.loot()), b float8, target float8);
        INSERT INTO mallory.t SELECT a, b, target FROM points""",
    "types called as those of PostgreSQL": """
        CREATE DOMAIN mallory.float8 AS pg_catalog.float8 CHECK (mallory.loot());
        CREATE DOMAIN mallory."double precision" AS pg_catalog.float8 CHECK (mallory.loot());
        CREATE DOMAIN mallory."numeric" AS pg_catalog."numeric" CHECK (mallory.loot());
        CREATE TABLE mallory.t (a mallory.float8, b mallory."double precision", target mallory."numeric");
        INSERT INTO mallory.t SELECT a, b, target FROM points""",
}  # fmt: skip

REFUSED = {
    "an enum with a cast": """
        CREATE TYPE mallory.mood AS ENUM ('good');
        CREATE FUNCTION mallory.number(mallory.mood) RETURNS float8 LANGUAGE plpgsql AS
            'BEGIN PERFORM mallory.loot(); RETURN 1; END';
        CREATE CAST (mallory.mood AS float8) WITH FUNCTION mallory.number(mallory.mood) AS IMPLICIT;
        CREATE TABLE mallory.t AS SELECT 'good'::mallory.mood AS a, b, target FROM points""",
    "an array of a domain": """
        CREATE DOMAIN mallory.checked AS float8 CHECK (mallory.loot());
        CREATE TABLE mallory.t AS SELECT ARRAY[a]::mallory.checked[] AS a, b, target FROM points""",
    "a composite type": """
        CREATE TYPE mallory."numeric" AS (x float8);
        CREATE TABLE mallory.t AS SELECT ROW(a)::mallory."numeric" AS a, b, target FROM points""",
    "a range": "CREATE TABLE mallory.t AS SELECT int4range(1, 2) AS a, b, target FROM points",
}  # fmt: skip


@pytest.mark.parametrize("relation", LOOTING.values(), ids=LOOTING)
def test_code_behind_a_relation_has_the_rights_of_whoever_trains(house, mallory, relation):
    mallory.execute(relation)
    mallory.execute(TRAIN, "mallory.t")
    assert house.looters() == {"mallory"}
    mallory.execute("SELECT pgml.train('hers'), pgml.predict('hers', '{1,2}')")
    assert house.looters() == set(), "it ran again, where only the snapshot was to be read"


@pytest.mark.parametrize("relation", QUIET.values(), ids=QUIET)
def test_a_table_is_read_without_running_what_its_owner_has_put_on_it(house, mallory, relation):
    mallory.execute(relation + "; GRANT SELECT ON mallory.t TO PUBLIC; ANALYZE mallory.t")
    house.looters()
    for victim in ("mallory", "anna", "sue", "owner"):
        session = house.session(victim)
        session.execute("BEGIN; SET LOCAL search_path = mallory, pg_catalog")
        session.execute(TRAIN, "t")
        session.execute("ROLLBACK")
        assert house.looters() == set()


@pytest.mark.parametrize("relation", REFUSED.values(), ids=REFUSED)
def test_types_of_mallorys_are_refused_before_anything_is_read(house, mallory, sue, relation):
    mallory.execute(relation)
    house.looters()
    assert mallory.refused(TRAIN, "mallory.t").pgcode == "ML011"
    assert sue.refused(TRAIN, "mallory.t").pgcode == "ML011"
    assert house.looters() == set()


def test_what_a_trainer_put_into_a_snapshot_runs_nothing_in_others(house, anna, mallory):
    """Mallory trains in anna's project, then anna, a superuser and pgml's owner train on what she left there."""
    mallory.execute(LOOTING["a domain"])
    anna.execute("BEGIN; SELECT pgml.grant('harvest', 'train', 'mallory')")
    anna.execute("COMMIT")
    mallory.execute("SELECT pgml.train('harvest', NULL, 'mallory.t', 'target')")
    snapshot, number = mallory.execute("SELECT table_name, id FROM pgml.snapshots ORDER BY id DESC LIMIT 1")[0]
    house.looters()
    for statement in (
        "ALTER TABLE {} ALTER a TYPE mallory.checked", "CREATE INDEX ON {} (a) WHERE mallory.loot()", "DROP TABLE {}",
        "CREATE TRIGGER t BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()", "ANALYZE {}",
        "CREATE POLICY p ON {} USING (true)", "INSERT INTO {} VALUES (1, 2, 3)", "CREATE STATISTICS mallory.s ON a, b FROM {}",
        "COMMENT ON TABLE {} IS 'x'", "CREATE RULE r AS ON INSERT TO {} DO NOTHING", "LOCK TABLE {} IN EXCLUSIVE MODE",
        "CREATE TABLE mallory.child () INHERITS ({})", "GRANT SELECT ON {} TO PUBLIC",
    ):  # fmt: skip
        mallory.execute("BEGIN")
        if statement.startswith("ANALYZE"):
            mallory.execute(statement.format(snapshot))  # a warning that it is skipped
        elif statement.startswith("GRANT"):
            mallory.execute(statement.format(snapshot))  # a warning that nothing was granted
        else:
            assert mallory.refused(statement.format(snapshot)).pgcode == "42501", statement
        mallory.execute("ROLLBACK")
    for victim in ("anna", "sue", "owner"):
        session = house.session(victim)
        session.execute("BEGIN; SET LOCAL search_path = mallory, pg_catalog")
        session.execute("SELECT pgml.train('harvest')")
        session.execute("ROLLBACK")
    assert house.looters() == set()
    house.owner.execute(
        "DELETE FROM pgml_internal.models WHERE snapshot_id = %s; DELETE FROM pgml_internal.snapshots WHERE id = %s",
        number, number,
    )  # fmt: skip
    anna.execute("SELECT pgml.revoke('harvest', 'predict', 'mallory')")


def test_names_that_are_sql(house, mallory):
    for name in (
        "points; SELECT mallory.loot()", "points WHERE mallory.loot()", "(SELECT mallory.loot())", "mallory.loot()",
        "points, LATERAL mallory.loot()", '"points"; --', "pgml_internal.artifacts", "$$", "%s", "{}", "pg_catalog.pg_authid", "",
    ):  # fmt: skip
        error = mallory.refused(TRAIN, name)
        assert error.pgcode in ("ML004", "ML005", "ML006", "ML009", "ML011", "42501"), error
    mallory.execute("""CREATE TABLE mallory."t; SELECT mallory.loot(); --" AS TABLE points""")
    mallory.execute(TRAIN, 'mallory."t; SELECT mallory.loot(); --"')
    mallory.execute("SELECT pgml.train('hers')")
    assert house.looters() == set()


@pytest.mark.parametrize(
    "name",
    [
        'x"; SELECT mallory.loot(); --', "x'); SELECT mallory.loot(); --", "$pgml$; SELECT mallory.loot(); $pgml$", "%s",
        "{0}", "<script>loot()</script>", "a::mallory.checked", "mallory.loot()", "ctid ", "NULL", "c0", "*", "\\", "a\nb",
    ],
)  # fmt: skip
def test_columns_whose_names_are_sql(house, mallory, name):
    quoted = '"' + name.replace('"', '""') + '"'
    mallory.execute(f"CREATE VIEW mallory.t AS SELECT a AS {quoted}, ARRAY[b] AS {quoted[:-1]}2\", target FROM points")
    mallory.execute(TRAIN, "mallory.t")
    mallory.execute("SELECT pgml.train('hers')")
    assert mallory.value("SELECT features[1] FROM pgml.projects WHERE name = 'hers'") == name
    assert mallory.refused("SELECT pgml.predict('hers', '{1}')").pgcode == "ML014"
    assert mallory.refused("SELECT pgml.train('hers', NULL, 'mallory.t', 'nothing')").pgcode == "ML005"
    assert house.looters() == set()


def test_a_view_may_have_a_column_that_no_table_can_have(mallory):
    mallory.execute("CREATE VIEW mallory.t AS SELECT a AS ctid, target FROM points")
    assert mallory.refused(TRAIN, "mallory.t").pgcode == "42701"


def test_a_relation_in_a_schema_is_not_looked_for_anywhere_else(house, mallory):
    """anna.harvested is gone for the moment; mallory has a relation whose whole name is that."""
    mallory.execute("""
        CREATE VIEW public."anna.harvested" AS SELECT a, b, target FROM points WHERE mallory.loot();
        CREATE TEMP VIEW "anna.harvested" AS SELECT a, b, target FROM points WHERE mallory.loot();
        GRANT SELECT ON public."anna.harvested" TO PUBLIC
    """)
    for victim in ("anna", "sue"):
        assert house.session(victim).refused(TRAIN, "anna.harvested").pgcode == "ML004"
    house.owner.execute("""
        CREATE FUNCTION sue_trains() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = ''
            RETURN (SELECT status FROM pgml.train('hers', 'regression', 'anna.harvested', 'target'));
        ALTER FUNCTION sue_trains() OWNER TO sue
    """)
    assert mallory.refused("SELECT sue_trains()").pgcode == "ML004"
    house.owner.execute("DROP FUNCTION sue_trains()")
    assert house.looters() == set()
