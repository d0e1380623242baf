"""Upgrades that are refused: what is in the way is named, none of its code runs, and the database stays as it was."""

from __future__ import annotations

import re
import subprocess
import threading

import pytest
from places import Place, new_place

import pgml
from pgml import cli
from pgml.errors import ServerError
from pgml.server.installation import SQL, install_schema

# Code of the analyst. A sequence counts that it ran, which no rollback undoes.
CODE = """
    CREATE SCHEMA attack;
    GRANT ALL ON SCHEMA attack TO analyst;
    SET ROLE analyst;
    CREATE SEQUENCE attack.ran;
    GRANT ALL ON SEQUENCE attack.ran TO PUBLIC;
    CREATE FUNCTION attack.rise() RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            ALTER ROLE analyst SUPERUSER;
        END IF;
    END $$;
    CREATE FUNCTION attack.run() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        PERFORM nextval('attack.ran');
        PERFORM attack.rise();
        RETURN true;
    END $$;
    CREATE FUNCTION attack.fire() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM attack.run();
        RETURN NEW;
    END $$;
    CREATE TYPE attack.price AS (amount numeric);
    CREATE FUNCTION attack.amount(attack.price) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        PERFORM attack.run();
        RETURN $1.amount;
    END $$;
    CREATE CAST (attack.price AS numeric) WITH FUNCTION attack.amount AS IMPLICIT;
    RESET ROLE;
"""

# By what it is: what is said, what puts it there, and what takes it away. As the analyst, or with RESET ROLE first
# where an administrator had to give something, or is who did it.
IN_THE_WAY = {
    "an overload": (
        "function pgml.predict(text,integer[]) of analyst",
        "CREATE FUNCTION pgml.predict(text, integer[]) RETURNS float8 LANGUAGE sql AS 'SELECT 1.0::float8 WHERE attack.run()'",
        "DROP FUNCTION pgml.predict(text, integer[])",
    ),
    "an operator": (
        "operator pgml.<>(text,text) of analyst",
        "CREATE FUNCTION attack.differ(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT attack.run()';"
        "CREATE OPERATOR pgml.<> (FUNCTION = attack.differ, LEFTARG = text, RIGHTARG = text)",
        "DROP OPERATOR pgml.<> (text, text)",
    ),
    "a type": ("type pgml.float8 of analyst", "CREATE DOMAIN pgml.float8 AS text", "DROP DOMAIN pgml.float8"),
    "a view where pgml has one": (
        "view pgml.grants of analyst",
        "CREATE VIEW pgml.grants AS SELECT NULL::text AS project_name, NULL::name AS role_name, NULL::name AS privilege"
        " WHERE attack.run()",
        "DROP VIEW pgml.grants",
    ),
    "a table where pgml has a view": (
        "table pgml.schema_version of analyst",
        "CREATE TABLE pgml.schema_version (version integer)",
        "ALTER TABLE pgml.schema_version SET SCHEMA attack",
    ),
    "a table of a snapshot that is none": (
        "table pgml.snapshot_99",
        "CREATE TABLE pgml.snapshot_99 (x float8)",
        "DROP TABLE pgml.snapshot_99",
    ),
    "a snapshot without its row": (
        "table pgml.snapshot_4",
        "INSERT INTO pgml.snapshots VALUES (-4, 8, 'sales', 'price', 80);"
        "UPDATE pgml.models SET snapshot_id = -4 WHERE snapshot_id = 4; UPDATE pgml.snapshots SET id = 400 WHERE id = 4",
        "UPDATE pgml.snapshots SET id = 4 WHERE id = 400",
    ),
    "an administrator's own function": (
        "schema pgml holds what is not pgml's own: function pgml.mine()",
        "RESET ROLE; CREATE FUNCTION pgml.mine() RETURNS int LANGUAGE sql RETURN 1",
        "DROP FUNCTION pgml.mine()",
    ),
    "a trigger": (
        "trigger mine on pgml.models",
        "RESET ROLE; GRANT TRIGGER ON pgml.models TO analyst; SET ROLE analyst;"
        "CREATE TRIGGER mine BEFORE INSERT OR UPDATE ON pgml.models FOR EACH ROW EXECUTE FUNCTION attack.fire()",
        "DROP TRIGGER mine ON pgml.models",
    ),
    "a trigger that is called as pgml's own": (
        "trigger changed on pgml.artifacts",
        "RESET ROLE; GRANT TRIGGER ON pgml.artifacts TO analyst; SET ROLE analyst;"
        "CREATE TRIGGER changed BEFORE UPDATE ON pgml.artifacts FOR EACH ROW EXECUTE FUNCTION attack.fire()",
        "DROP TRIGGER changed ON pgml.artifacts",
    ),
    "a snapshot with a type of one's own": (
        "pgml.snapshot_10 is no longer the table of numbers that pgml made: price attack.price",
        "ALTER TABLE pgml.snapshot_10 ALTER price TYPE attack.price USING ROW(price)",
        "DROP TABLE pgml.snapshot_10",
    ),
    "a view in the place of a snapshot": (
        "view pgml.snapshot_10 of analyst",
        "DROP TABLE pgml.snapshot_10; CREATE VIEW pgml.snapshot_10 AS SELECT 1 AS area, 1 AS rooms, 1.0 AS price WHERE attack.run()",
        "DROP VIEW pgml.snapshot_10",
    ),
    "an index with code": (
        "index pgml.sneaky (on table pgml.snapshot_10)",
        "CREATE INDEX sneaky ON pgml.snapshot_10 ((attack.run()))",
        "DROP INDEX pgml.sneaky",
    ),
    "statistics with code": (
        "statistics object attack.sneaky (on table pgml.snapshot_10)",
        "CREATE STATISTICS attack.sneaky ON (attack.run()), area FROM pgml.snapshot_10",
        "DROP STATISTICS attack.sneaky",
    ),
    "a policy": (
        "policy sneaky on table pgml.snapshot_10 (on table pgml.snapshot_10)",
        "CREATE POLICY sneaky ON pgml.snapshot_10 USING (attack.run()); ALTER TABLE pgml.snapshot_10 ENABLE ROW LEVEL SECURITY",
        "DROP POLICY sneaky ON pgml.snapshot_10",
    ),
    "rows from elsewhere in a snapshot": (
        "table attack.child (on table pgml.snapshot_10)",
        "CREATE TABLE attack.child () INHERITS (pgml.snapshot_10)",
        "DROP TABLE attack.child",
    ),
    "a view on a snapshot": (
        "view attack.report (on table pgml.snapshot_10)",
        "CREATE VIEW attack.report AS SELECT price FROM pgml.snapshot_10",
        "DROP VIEW attack.report",
    ),
    "a view on a view": (
        "view attack.report (on view pgml.trained_models)",
        "CREATE VIEW attack.report AS SELECT metrics FROM pgml.trained_models",
        "DROP VIEW attack.report",
    ),
    "a column of the type of a snapshot": (
        "column row of table attack.kept (on type pgml.snapshot_10)",
        "CREATE TABLE attack.kept (row pgml.snapshot_10)",
        "DROP TABLE attack.kept",
    ),
    "a digest that leads elsewhere": (
        "these models are not those that were trained, since their digests differ: model 14",
        "UPDATE pgml.models SET digest = '/etc/passwd' WHERE id = 14",
        "DELETE FROM pgml.models WHERE id = 14",
    ),
    "a schema that somebody made before": (
        "schema pgml_internal of analyst",
        "RESET ROLE; CREATE SCHEMA pgml_internal AUTHORIZATION analyst; SET ROLE analyst;"
        "CREATE VIEW pgml_internal.schema_versions AS SELECT 2 AS version, now() AS installed_at WHERE attack.run()",
        "DROP SCHEMA pgml_internal CASCADE",
    ),
}  # fmt: skip


def is_superuser(place: Place) -> bool:
    return place.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'analyst'")[0][0]


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_is_in_the_way_of_an_upgrade(old, what):
    said, put, take = IN_THE_WAY[what]
    old.execute(CODE)
    old.execute(f"SET ROLE analyst; {put}")
    old.execute("RESET ROLE; ALTER SEQUENCE attack.ran RESTART")  # an index runs its code when it is made
    before = old.dump()
    try:
        with pytest.raises(ServerError) as refused:
            install_schema(old.dsn)
        assert said in refused.value.message
        assert "could not be installed" not in refused.value.message, "PostgreSQL said that, not pgml"
        assert "install again" in refused.value.hint
        assert old.dump() == before

        old.execute(take)
        assert install_schema(old.dsn)[-2] == "The schema is upgraded from version 1 to version 2."
        old.execute("SELECT pgml.predict(project, features) FROM expected WHERE project = 'Line'")
        assert old.execute("SELECT is_called FROM attack.ran") == [(False,)]
        assert not is_superuser(old)
    finally:
        old.execute("ALTER ROLE analyst NOSUPERUSER")


@pytest.mark.parametrize(
    "statement",
    ["SELECT pgml.predict('Line', '{1,1,1,1,1}')", "SELECT pgml.train('Line')", "SELECT pgml.version()", "TABLE pgml.algorithms"],
)
def test_until_the_upgrade_every_call_says_that_it_is_needed(old, statement):
    for _ in range(2):
        error = old.as_role("postgres").refused(statement)
        assert error.diag.message_primary == (
            f"this database has the schema of pgml 0.1, and the server runs pgml {pgml.__version__}"
        )
        assert error.diag.message_hint.startswith("upgrade the database: pgml install")


def test_what_a_role_makes_while_the_upgrade_runs(old):
    """Nothing keeps a role from creating a function where it may: it is looked for again at the end."""
    old.execute("CREATE SCHEMA attack")
    analyst, busy = old.as_role("analyst"), old.connect()
    busy.execute("BEGIN; LOCK TABLE pgml.deployments IN ACCESS SHARE MODE")  # so that the upgrade waits
    raised: list[ServerError] = []

    def run():
        try:
            install_schema(old.dsn)
        except ServerError as error:
            raised.append(error)

    upgrade = threading.Thread(target=run)
    upgrade.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = 'pgml.deployments'::regclass AND NOT granted"
    while old.execute(waiting) == [(0,)]:
        assert upgrade.is_alive()
    analyst.execute("CREATE FUNCTION pgml.predict(text, integer[]) RETURNS float8 LANGUAGE sql RETURN 1")
    busy.execute("COMMIT")
    upgrade.join()
    assert "function pgml.predict(text,integer[])" in raised[0].message


def test_somebody_who_is_using_it(old):
    """Such as a training that has not ended."""
    busy = old.connect("analyst")
    busy.execute("BEGIN; SELECT FROM pgml.models")
    old.execute(f"ALTER DATABASE {old.name} SET lock_timeout = '100ms'")
    with pytest.raises(ServerError) as refused:
        install_schema(old.dsn)
    assert refused.value.message == f"others are using pgml.models: process {busy.pid} of analyst"
    busy.execute("COMMIT")
    old.execute(f"ALTER DATABASE {old.name} RESET lock_timeout")
    install_schema(old.dsn)


def test_a_database_of_a_later_version(fresh, capsys):
    fresh.execute("INSERT INTO pgml_internal.schema_versions VALUES (99)")
    before = fresh.dump()
    assert cli.main(["install", fresh.dsn]) == 1
    said = "pgml's schema in this database is of version 99, and this package knows versions up to 2"
    helps = "upgrade the package (pip install --upgrade pgml-core), then install again; nothing was changed"
    assert capsys.readouterr().err == f"pgml: {said}\nTry: {helps}\n"
    psql = [fresh.server.postgres.program("psql"), "-f", str(SQL), fresh.dsn]
    by_hand = subprocess.run(psql, capture_output=True, text=True, check=False)
    assert by_hand.returncode == 3
    assert f"ERROR:  {said}\nHINT:  {helps}\n" in by_hand.stderr
    assert fresh.dump() == before


def test_what_pgml_did_not_foresee_is_said_with_its_place(old):
    old.execute("DROP TRIGGER changed ON pgml.deployments; DROP FUNCTION pgml._deployments_changed()")
    with pytest.raises(ServerError) as refused:
        install_schema(old.dsn)
    assert re.fullmatch(
        r'the schema could not be installed: function "pgml._deployments_changed\(\)" does not exist '
        r"\(0002_before.sql, line \d+\)",
        refused.value.message,
    )


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("CREATE SCHEMA pgml AUTHORIZATION analyst", "schema pgml of analyst"),
        ("CREATE SCHEMA pgml_snapshots AUTHORIZATION analyst", "schema pgml_snapshots of analyst"),
        ("CREATE SCHEMA pgml; CREATE TABLE pgml.projects (id bigint)", "hold what is not pgml's own: table pgml.projects"),
    ],
)
def test_a_schema_of_that_name_that_is_not_pgmls(old_server, made, said):
    with new_place(old_server) as place:
        place.execute(made)
        with pytest.raises(ServerError, match=said):
            install_schema(place.dsn)
        place.execute("DROP SCHEMA IF EXISTS pgml, pgml_snapshots CASCADE; CREATE SCHEMA pgml")
        assert install_schema(place.dsn)[0] == "The schema is installed, in version 2."


def test_an_administrator_who_still_lets_others_create(fresh):
    """As the documentation of 0.1.0 had it: what they made is found the next time."""
    fresh.execute("GRANT CREATE ON SCHEMA pgml TO analyst")
    fresh.as_role("analyst").execute("CREATE VIEW pgml.wine AS SELECT 1 AS x")
    with pytest.raises(ServerError, match="view pgml.wine of analyst"):
        install_schema(fresh.dsn)
