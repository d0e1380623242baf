"""What pgml is made of: no role uses it by name or by number, whatever an administrator grants on schema pgml."""

from __future__ import annotations

import os
import select
import struct

import pytest
from house import RIGHTS
from sessions import Session

EVERYBODY = ("mallory", "anna", *RIGHTS)
PRIVILEGES = "{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}"


def refused(session: Session, statement: str, *parameters) -> str:
    """Run a statement that must be refused for want of a privilege; return what was said."""
    error = session.refused(statement, *parameters)
    assert error.pgcode == "42501", f"{statement}: {error}"
    return error.diag.message_primary


@pytest.mark.parametrize("role", EVERYBODY)
def test_no_function_can_be_called_by_its_name(house, role):
    functions = house.owner.execute(
        "SELECT proname, ARRAY(SELECT format('NULL::%s', format_type(t, NULL)) FROM unnest(proargtypes) AS t)"
        " FROM pg_proc WHERE pronamespace = 'pgml_internal'::regnamespace"
        " AND NOT 'internal'::regtype = ANY (proargtypes)"  # of which no SQL can make a value
    )
    assert len(functions) > 15
    for name, arguments in functions:
        assert refused(house.session(role), f"SELECT pgml_internal.{name}({', '.join(arguments)})").endswith("schema pgml_internal")


@pytest.mark.parametrize("role", EVERYBODY)
def test_no_relation_can_be_used_by_its_name(house, role):
    session = house.session(role)
    for name, kind in house.owner.execute("SELECT relname, relkind FROM pg_class WHERE relnamespace = 'pgml_internal'::regnamespace"):
        if kind in ("r", "S"):
            refused(session, f"TABLE pgml_internal.{name}")
            refused(session, f"COPY pgml_internal.{name} TO STDOUT")
    refused(session, "CREATE TABLE pg_temp.t (predict boolean REFERENCES pgml_internal.rights_1 (predict))")
    refused(session, "CREATE TEMP VIEW v AS TABLE pgml_internal.artifacts")
    refused(session, "CREATE FUNCTION pg_temp.f() RETURNS float8 LANGUAGE sql RETURN pgml_internal.answer_first()")
    refused(session, "CREATE OPERATOR pg_temp.!! (FUNCTION = pgml_internal.role_name, RIGHTARG = oid)")
    refused(session, "SELECT 'pgml_internal.artifacts'::regclass")
    refused(session, "SELECT 'pgml_internal.call'::regproc")
    session.execute("SET search_path = pgml_internal, pgml_snapshots, pgml")
    assert session.refused("TABLE artifacts").pgcode == "42P01"
    assert session.refused("SELECT answer_first()").pgcode == "42883"


@pytest.mark.parametrize("role", EVERYBODY)
def test_numbers_are_no_way_around_names(house, role):
    session = house.session(role)
    artifacts, sequence = house.owner.execute(
        "SELECT 'pgml_internal.artifacts'::regclass::oid, 'pgml_internal.projects_id_seq'::regclass::oid"
    )[0]
    refused(session, "SELECT table_to_xml(%s::regclass, true, false, '')", artifacts)
    refused(session, "SELECT nextval(%s::regclass)", sequence)
    refused(session, "SELECT setval(%s::regclass, 1)", sequence)
    refused(session, "SELECT pg_sequence_last_value(%s)", sequence)
    for (function,) in house.owner.execute(_FAST):
        assert b"C42501\0" in fast_path(session, function)


_FAST = "SELECT oid FROM pg_proc WHERE pronamespace = 'pgml_internal'::regnamespace AND pronargs = 0 AND NOT proretset"


def fast_path(session: Session, function: int) -> bytes:
    """Call a function without arguments by its OID, as libpq's PQfn does, past SQL; return what the server says."""
    line = session.connection.fileno()
    os.write(line, b"F" + struct.pack("!IIHHH", 14, function, 0, 0, 0))
    answer = b""
    while not answer.endswith(b"Z\0\0\0\5I"):
        assert select.select([line], [], [], 10)[0]
        answer += os.read(line, 8192)
    return answer


@pytest.mark.parametrize("role", EVERYBODY)
def test_no_privilege_is_there(house, role):
    """In pgml_internal none but the rights in a project, in pgml_snapshots none but those to read it."""
    owner = house.owner
    for schema, privilege, expected in (
        ("pgml", "USAGE", True), ("pgml", "CREATE", False), ("pgml_internal", "USAGE", False),
        ("pgml_internal", "CREATE", False), ("pgml_snapshots", "USAGE", True), ("pgml_snapshots", "CREATE", False),
        ("pgml_doors", "USAGE", True), ("pgml_doors", "CREATE", False),
    ):  # fmt: skip
        assert owner.value("SELECT has_schema_privilege(%s, %s, %s)", role, schema, privilege) is expected
    relations = owner.execute(
        """
        SELECT c.relname, p FROM pg_class AS c, unnest(%s::text[]) AS p
        WHERE relkind = 'r' AND relnamespace IN ('pgml_internal'::regnamespace, 'pgml_snapshots'::regnamespace) AND (
            has_table_privilege(%s, c.oid, p)
            OR (p NOT IN ('DELETE', 'TRUNCATE', 'TRIGGER') AND has_any_column_privilege(%s, c.oid, p))
        )
        """,
        PRIVILEGES, role, role,
    )  # fmt: skip
    snapshot = house.snapshot.rpartition(".")[2]
    expected = {(snapshot, "SELECT")} if role in ("anna", "rita", "tom", "dora") else set()
    assert set(relations) - {("rights_1", "REFERENCES")} == expected
    assert owner.value("SELECT has_any_column_privilege(%s, 'pgml_internal.rights_1', 'REFERENCES')", role) is (role != "mallory")


def test_grants_on_all_of_schema_pgml_open_nothing_else(house, anna, mallory):
    house.owner.execute(
        "GRANT ALL ON ALL TABLES IN SCHEMA pgml TO mallory; GRANT ALL ON ALL SEQUENCES IN SCHEMA pgml TO mallory;"
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgml TO mallory"
    )
    refused(mallory, f"TABLE {house.snapshot}")
    refused(mallory, "TABLE pgml_internal.artifacts")
    refused(mallory, "SELECT pgml.predict('harvest', '{1,2}')")
    for view in ("projects", "snapshots", "models", "deployments", "grants", "trained_models", "deployed_models", "overview"):
        assert mallory.execute(f"TABLE pgml.{view}") == []
        assert mallory.refused(f"DELETE FROM pgml.{view}").pgcode == "55000"
        assert mallory.refused(f"INSERT INTO pgml.{view} SELECT * FROM pgml.{view}").pgcode == "55000"
    mallory.execute("CREATE FUNCTION mallory.on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM mallory.loot(); RETURN NULL; END'")
    mallory.execute(
        "CREATE TRIGGER t INSTEAD OF INSERT OR UPDATE OR DELETE ON pgml.models FOR EACH ROW EXECUTE FUNCTION mallory.on_change()"
    )
    anna.execute("BEGIN; SELECT pgml.train('harvest'); SELECT pgml.deploy('harvest', 'rollback'); ROLLBACK")
    house.owner.execute("DROP TRIGGER t ON pgml.models; REVOKE ALL ON ALL TABLES IN SCHEMA pgml FROM mallory")


def test_default_privileges_open_no_new_snapshot_right_or_data_set(house, anna, mallory, sue):
    house.owner.execute(
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO mallory, PUBLIC;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA pgml_snapshots GRANT ALL ON TABLES TO mallory;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA pgml_internal GRANT ALL ON TABLES TO mallory WITH GRANT OPTION;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA pgml GRANT ALL ON TABLES TO mallory"
    )
    try:
        anna.execute("SELECT pgml.train('new', 'regression', 'anna.fields', 'target')")
        snapshot = anna.value("SELECT table_name FROM pgml.snapshots ORDER BY id DESC LIMIT 1")
        refused(mallory, f"TABLE {snapshot}")
        refused(mallory, "SELECT pgml.predict('new', '{1,2}')")
        sue.execute("BEGIN; SELECT pgml.load_dataset('iris')")
        given = (
            "SELECT DISTINCT pg_get_userbyid(grantee), privilege_type FROM pg_class, aclexplode(relacl)"
            " WHERE grantee <> relowner AND pg_class.oid = ANY (%s::regclass[])"
        )
        rights = sue.value("SELECT rights FROM pgml_internal.projects WHERE name = 'new'")
        assert sue.execute(given, [snapshot, rights]) == [("anna", "SELECT")]
        assert sue.execute(given, ["pgml.iris"]) == [("unknown (OID=0)", "SELECT")]
        sue.execute("ROLLBACK")
    finally:
        house.owner.execute(
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM mallory, PUBLIC;"
            "ALTER DEFAULT PRIVILEGES IN SCHEMA pgml_snapshots REVOKE ALL ON TABLES FROM mallory;"
            "ALTER DEFAULT PRIVILEGES IN SCHEMA pgml_internal REVOKE ALL ON TABLES FROM mallory;"
            "ALTER DEFAULT PRIVILEGES IN SCHEMA pgml REVOKE ALL ON TABLES FROM mallory"
        )
        house.forget_projects()


VIEWS = {
    "projects": "name", "snapshots": "relation_name", "models": "algorithm_name", "deployments": "strategy",
    "grants": "role_name", "trained_models": "name", "deployed_models": "name", "overview": "relation_name",
}  # fmt: skip


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_nothing_else_to_what_looks_at_its_rows(house, mallory, view):
    """A function or operator that tells what it sees, so cheap that it would come first."""
    mallory.execute("SELECT pgml.train('hers', 'regression', 'points', 'target')")
    mallory.execute("""
        CREATE FUNCTION mallory.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
            'BEGIN RAISE NOTICE ''seen: %', $1; RETURN true; END';
        CREATE FUNCTION mallory.tell(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS
            'BEGIN RAISE NOTICE ''seen: %', $1; RETURN false; END';
        CREATE OPERATOR mallory.=== (FUNCTION = mallory.tell, LEFTARG = text, RIGHTARG = text, RESTRICT = eqsel)
    """.replace("seen: %'", "seen: %''"))
    column = VIEWS[view]
    shown = {str(value) for (value,) in mallory.execute(f"SELECT {column} FROM pgml.{view}")}
    assert shown
    for condition in (f"mallory.tell({column}::text)", f"{column}::text OPERATOR(mallory.===) 'x'", f"{column}::text || '' <> '' AND mallory.tell({column}::text)"):
        mallory.notices.clear()
        mallory.execute(f"SELECT count(*) FROM pgml.{view} WHERE {condition}")
        seen = {said.strip().partition("seen: ")[2] for said in mallory.notices}
        assert seen <= shown, seen
        assert seen


def test_plans_and_statistics_tell_nothing_of_the_rows(house, mallory):
    house.owner.execute(f"ANALYZE {house.snapshot}; ANALYZE pgml_internal.projects; ANALYZE pgml_internal.models")
    for view in VIEWS:
        plan = "\n".join(line for (line,) in mallory.execute(f"EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM pgml.{view}"))
        assert "harvest" not in plan and "crown" not in plan
    for catalog in ("pg_stats", "pg_stats_ext"):
        assert mallory.execute(f"SELECT tablename FROM {catalog} WHERE schemaname IN ('pgml_internal', 'pgml_snapshots')") == []
    refused(mallory, "TABLE pg_statistic")
    for role in ("mallory", "paul"):
        refused(house.session(role), f"SELECT count(*) FROM {house.snapshot}")
        refused(house.session(role), f"EXPLAIN SELECT count(*) FROM {house.snapshot}")
    mallory.execute("SELECT pgml.train('hers', 'regression', 'points', 'target')")
    refused(mallory, "SELECT pgml.train('hers', NULL, %s, 'target')", house.snapshot)


def test_errors_name_no_project_of_others(mallory):
    mallory.execute("SELECT pgml.train('hers', 'regression', 'points', 'target')")
    for statement in (
        "SELECT pgml.predict('harves', '{1,2}')", "SELECT pgml.deploy('harves')", "SELECT pgml.grant('harves', 'predict', 'paul')",
        "SELECT pgml.revoke('crow', 'predict', 'paul')", "SELECT pgml.train('harves')", "SELECT pgml.predict('HARVEST', '{1,2}')",
    ):  # fmt: skip
        error = mallory.refused(statement)
        said = f"{error.diag.message_primary} {error.diag.message_detail} {error.diag.message_hint} {error.diag.context}"
        assert "harvest" not in said and '"crown"' not in said, said
