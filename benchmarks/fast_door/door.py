"""Which way a prediction takes in the server: its C function, or PL/Python."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg2.extensions


@dataclass(frozen=True)
class Door:
    """The way into the evaluator; ``name`` is for people."""

    name: str
    is_c: bool


def find_door(cursor: psycopg2.extensions.cursor) -> Door:
    """Return what the server says of itself, or else what the language of its functions says."""
    cursor.execute(
        "SELECT bool_or(lanname = 'c') FROM pg_proc JOIN pg_language ON pg_language.oid = prolang"
        " WHERE proname = 'predict' AND pronamespace IN ('pgml'::regnamespace, 'pgml_internal'::regnamespace)"
    )
    [is_c] = cursor.fetchone()
    cursor.execute("SELECT to_regprocedure('pgml_internal.door()') IS NOT NULL")
    if cursor.fetchone()[0]:
        cursor.execute("SELECT pgml_internal.door()::text")
        return Door(cursor.fetchone()[0], is_c)
    return Door("LANGUAGE C" if is_c else "SQL, PL/Python, C", is_c)
