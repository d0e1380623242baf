"""The schema in which the functions that predict are looked up by name: nobody else puts anything in there, or before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg2
import pytest
from house import House

BOTH_DOORS = True

# What each is asked for, and the type that it is reached with by a cast.
ASKED = {
    "predict": ("'harvest'::text", "ARRAY[a, b]", "varchar"),
    "predict_model": ("1::bigint", "ARRAY[a, b]", "numeric"),
    "classify": ("'harvest'::text", "ARRAY[a, b]", "varchar"),
    "predict_proba": ("'harvest'::text", "ARRAY[a, b]", "varchar"),
    "predict_batch": ("'harvest'::text", "ARRAY[ARRAY[a, b]]", "varchar"),
}
PATHS = ("{}, pg_catalog, pgml_doors", "{}, pgml_doors", "pgml_doors, {}, pg_catalog", '"$user", {}')


@pytest.fixture
def through_anna(house: House) -> Iterator[None]:
    """public.anna_does(statement): what anybody has anna do, in a path of anna's."""
    house.owner.execute("""
        CREATE FUNCTION anna_does(statement text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
            'BEGIN EXECUTE statement; END';
        ALTER FUNCTION anna_does(text) OWNER TO anna;
    """)
    yield
    house.owner.execute("DROP FUNCTION anna_does(text)")


def impostors(schema: str) -> list[str]:
    """The statements that make a function of each door's name in a schema, for whatever is given to it."""
    return [
        f"CREATE FUNCTION {schema}.{name}({of}, float8[]) RETURNS float8 LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM mallory.loot(); RETURN NULL; END'"
        for name, (_, _, cast) in ASKED.items()
        for of in ("text", "bigint", cast, "anyelement")
    ]


def answers(execute: Callable[[str], object]) -> list[object]:
    """What each function of schema pgml answers, or the code of the error."""
    got: list[object] = []
    for name, (of, features, _) in ASKED.items():
        execute("SAVEPOINT here")
        try:
            got.append(execute(f"SELECT pgml.{name}({of}, {features}) FROM public.points"))
        except psycopg2.Error as error:
            got.append(error.pgcode)
        execute("ROLLBACK TO here")
    return got


@pytest.mark.parametrize("schema", ["mallory", "public"])
def test_nobody_meets_a_function_of_hers(house: House, mallory, schema):
    victims = {}
    for session in map(house.session, ("anna", "sue", "owner")):
        session.execute("BEGIN")
        victims[session] = answers(session.execute)
        session.execute("ROLLBACK")
        assert len(victims[session][0]) == 60
    mallory.execute(";".join(impostors(schema)))
    for session, expected in victims.items():
        for path in PATHS:
            session.execute(f"BEGIN; SET LOCAL search_path = {path.format(schema)}")
            assert answers(session.execute) == expected
            assert house.looters() == set(), path
            session.execute("ROLLBACK")
    mallory.execute(f"SELECT {schema}.predict('x'::text, '{{1}}'::float8[])")
    assert house.looters() == {"mallory"}, "they are no impostors"


def test_nobody_meets_a_temporary_function_of_hers(house: House, mallory, through_anna):
    def has_anna_do(statement: str) -> None:
        mallory.execute(statement if "here" in statement else "SELECT public.anna_does(%s)", statement)

    mallory.execute("BEGIN")
    before = answers(has_anna_do)
    assert before.count(None) == 3, "all but those for classes"
    mallory.execute(";".join(impostors("pg_temp")))
    for path in ("pg_temp, pg_catalog", "pgml_doors, pg_temp", ""):
        mallory.execute(f"SET LOCAL search_path = {path or repr('')}")
        assert answers(has_anna_do) == before
    assert house.looters() == set()
    mallory.execute("SELECT public.anna_does('SELECT pg_temp.predict(''x''::text, ''{1}''::float8[])')")
    assert house.looters() == {"anna"}, "they are no impostors"


@pytest.mark.parametrize(
    "statement",
    [
        impostors("pgml_doors")[0],
        "CREATE FUNCTION pgml_doors.predict(text, integer[]) RETURNS float8 LANGUAGE sql RETURN 1",
        "CREATE FUNCTION pgml_doors.predict(text, float8[], integer DEFAULT 1) RETURNS float8 LANGUAGE sql RETURN 1",
        "CREATE OR REPLACE FUNCTION pgml_doors.predict(varchar, float8[]) RETURNS float8 LANGUAGE sql RETURN 1",
        "CREATE DOMAIN pgml_doors.predict AS text",
        "CREATE SCHEMA pgml_doors",
        "ALTER SCHEMA mallory RENAME TO pgml_doors",
        "ALTER SCHEMA pgml_doors RENAME TO hers",
        "ALTER FUNCTION pgml_doors.predict(varchar, float8[]) SET SCHEMA mallory",
        "ALTER FUNCTION mallory.loot() SET SCHEMA pgml_doors",
        "DROP FUNCTION pgml_doors.predict(varchar, float8[])",
        "CREATE CAST (text AS varchar) WITHOUT FUNCTION AS IMPLICIT",
    ],
)
def test_nobody_else_changes_what_is_there(mallory, statement):
    assert mallory.refused(statement).pgcode in ("42501", "42P06")


@pytest.mark.parametrize("name", ASKED)
def test_who_calls_a_door_by_its_own_name_is_asked_for_the_same_right(house: House, mallory, name):
    of, features, cast = ASKED[name]
    for given in (of, f"{of}::{cast}"):
        statement = f"SELECT pgml_doors.{name}({given}, {features}) FROM public.points"
        assert mallory.refused(statement).pgcode == ("ML022" if name == "predict_model" else "42501")
        if name not in ("classify", "predict_proba"):  # of a model without classes
            assert len(house.session("paul").execute(statement)) == 60
