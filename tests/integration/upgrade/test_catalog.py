"""What a database is made of after an upgrade: the same as after a fresh installation, and whose everything is."""

from __future__ import annotations

import re

import pytest
from places import Place

from pgml.server.installation import install_schema

_ENTRY = re.compile(r"^-- Name: (.*); Type: (.*); Schema: (.*); Owner: (.*)\n", re.MULTILINE)
# What belongs to projects, and data sets.
_OF_PROJECTS = re.compile(r"(TABLE |COLUMN )?(rights|snapshot)_\d+(\.\w+| readers)?|(TABLE )?(diabetes|iris|linnerud)")
_TO_ROLES = re.compile(r"^GRANT .* TO (analyst|application);\n", re.MULTILINE)


def catalog(place: Place) -> dict[tuple[str, ...], str]:
    """The definition of everything in pgml's schemas but what is of projects, without grants to roles."""
    _, *found = _ENTRY.split(re.sub(r"^--$\n(-- PostgreSQL .*\n--)?", "", place.dump("--schema-only"), flags=re.MULTILINE))
    entries = {tuple(found[start : start + 4]): found[start + 4] for start in range(0, len(found), 5)}
    return {
        entry: text
        for entry, definition in entries.items()
        if "pgml" in f"{entry[0]} {entry[2]}"
        and not _OF_PROJECTS.fullmatch(entry[0])
        and (text := _TO_ROLES.sub("", definition).strip())
    }


def test_it_is_that_of_a_fresh_installation(upgraded_once, fresh):
    expected = catalog(fresh)
    assert ("projects", "TABLE", "pgml_internal", "postgres") in expected
    assert catalog(upgraded_once) == expected


@pytest.mark.parametrize(
    "given",
    [
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO analyst, application",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO analyst, application",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO analyst, application",
        "GRANT CREATE ON SCHEMA pgml TO analyst WITH GRANT OPTION; SET ROLE analyst; GRANT CREATE ON SCHEMA pgml TO application",
        "GRANT CREATE ON SCHEMA pgml TO PUBLIC",
        "GRANT ALL ON pgml.artifacts TO analyst WITH GRANT OPTION; SET ROLE analyst; GRANT ALL ON pgml.artifacts TO application",
        "GRANT ALL ON ALL TABLES IN SCHEMA pgml TO PUBLIC",
    ],
)
def test_nobody_but_the_owner_gets_at_the_inside_whatever_was_given_before(old, given):
    old.execute(given)
    old.disconnect()
    install_schema(old.dsn)
    assert old.execute(
        "SELECT role, nspname, privilege FROM pg_namespace, unnest('{analyst,application}'::name[]) AS role,"
        " unnest('{CREATE,USAGE}'::text[]) AS privilege"
        " WHERE nspname LIKE 'pgml%' AND has_schema_privilege(role, oid, privilege) ORDER BY 1, 2, 3"
    ) == [(role, schema, "USAGE") for role in ("analyst", "application") for schema in ("pgml", "pgml_doors", "pgml_snapshots")]
    assert old.execute(
        "SELECT oid::regclass FROM pg_class, aclexplode(relacl) AS given WHERE relnamespace = 'pgml_internal'::regnamespace"
        " AND given.grantee <> relowner"
    ) == []  # fmt: skip


def test_an_installation_beside_generous_default_privileges_is_closed_as_well(fresh):
    fresh.execute("DROP SCHEMA pgml, pgml_internal, pgml_snapshots CASCADE")
    fresh.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO analyst")
    fresh.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO analyst")
    install_schema(fresh.dsn)
    assert fresh.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgml%' AND has_schema_privilege('analyst', oid, 'CREATE')"
    ) == []  # fmt: skip
    assert fresh.as_role("analyst").refused("TABLE pgml_internal.models").pgcode == "42501"
    assert not fresh.execute("SELECT has_table_privilege('analyst', 'pgml_internal.models', 'SELECT')")[0][0]


def test_what_an_administrator_dropped_is_made_again_with_its_rights(upgraded):
    everything = catalog(upgraded)
    upgraded.execute("DROP SCHEMA pgml CASCADE")
    install_schema(upgraded.dsn)
    again = catalog(upgraded)
    assert again == everything
    upgraded.execute("GRANT USAGE ON SCHEMA pgml TO application")
    predict = "SELECT pgml.predict('Line', '{1,1,1,1,1}')"
    assert upgraded.as_role("application").execute(predict) == upgraded.execute(predict)
