"""Scoring a whole relation: the queries that do it, in which its features are found by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from pgml.backend.relation import NUMBERS, Attribute, Relation, attributes
from pgml.backend.session import Session
from pgml.errors import UnknownColumn, UnsupportedType, choices_hint

_NO_PROBABILITIES = "NULL::pg_catalog.float8[]"
# What is shown as text, and taken for a number, without anybody's code: casts of other types may be functions of others.
_KEYS = (
    *NUMBERS, "text", "character varying", "character", "name", "uuid", "date", "interval", "oid", "inet", "cidr", "bytea",
    "time without time zone", "time with time zone", "timestamp without time zone", "timestamp with time zone",
)  # fmt: skip
_ROWS_A_MESSAGE = 1000  # to the engine
_ELEMENT = re.compile(r"(.+)\[(\d+)\]", re.DOTALL)  # of an array column


def predictions(
    session: Session, project: str, relation: Relation, features: Sequence[str], key: str, compiled: bool
) -> str:
    """Return a query of (key text, prediction float8, NULL), a row for each of the relation.

    A compiled model answers row by row, where it is as fast as any other way, in as many processes as PostgreSQL likes.
    One that only its plugin can evaluate is sent many rows at once. Raises UnknownColumn where the relation lacks one.
    """
    shown, row = _columns(session, relation, features, key)
    called = session.quote_text(project)
    if compiled:
        return f"SELECT {shown}, pgml.predict({called}, {row}), {_NO_PROBABILITIES} FROM {relation.qualified_name} AS t"
    return f"""
        SELECT r.key, r.prediction, {_NO_PROBABILITIES} FROM (
            SELECT pg_catalog.array_agg(key) AS keys, pg_catalog.array_agg(features) AS features FROM (
                SELECT {shown} AS key, {row} AS features,
                    (pg_catalog.row_number() OVER () OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog./) {_ROWS_A_MESSAGE} AS message
                FROM {relation.qualified_name} AS t
            ) AS numbered GROUP BY message
        ) AS sent, ROWS FROM (pg_catalog.unnest(sent.keys), pgml.predict_batch({called}, sent.features)) AS r (key, prediction)
    """


def probabilities(session: Session, project: str, relation: Relation, features: Sequence[str], key: str) -> str:
    """Return a query of (key text, NULL, probabilities float8[]), as :func:`predictions`."""
    shown, row = _columns(session, relation, features, key)
    answer = f"pgml.predict_proba({session.quote_text(project)}, {row})"
    return f"SELECT {shown}, NULL::pg_catalog.float8, {answer} FROM {relation.qualified_name} AS t"


def _columns(session: Session, relation: Relation, features: Sequence[str], key: str) -> tuple[str, str]:
    """Return SQL for the key as text and for the array of the features."""
    named = {attribute.name: attribute for attribute in attributes(session, relation.oid)}
    if key not in named:
        raise UnknownColumn(f'{relation.name} has no column "{key}"', hint=choices_hint(key, list(named)))
    if named[key].sql_type not in _KEYS:
        raise UnsupportedType(
            f'the key "{key}" of {relation.name} is {named[key].sql_type}, which is not shown as text here',
            hint="a view can show it as a number, a text, a date or a uuid",
        )
    row = " OPERATOR(pg_catalog.||) ".join(_parts(session, relation, named, features))
    return f"t.{session.quote_name(key)}::pg_catalog.text", row


def _parts(session: Session, relation: Relation, named: dict[str, Attribute], features: Sequence[str]) -> Iterator[str]:
    """Yield SQL for arrays that together are the row: of the columns that are numbers, and of each that is an array."""
    for column, group in groupby(features, lambda feature: _array_of(named, feature)):
        names = list(group)
        if column is not None:
            yield _elements(f"t.{session.quote_name(column)}", _checked(relation, named[column]), len(names))
            continue
        numbers = []
        for name in names:
            if name not in named or named[name].is_array:
                raise UnknownColumn(
                    f'{relation.name} has no column "{name}", which the model was trained with',
                    hint="a view can give a column that name",
                )
            cast = "::pg_catalog.int4" if _checked(relation, named[name]).type == "boolean" else ""
            numbers.append(f"t.{session.quote_name(name)}{cast}")
        yield f"ARRAY[{', '.join(numbers)}]::pg_catalog.float8[]"


def _array_of(named: dict[str, Attribute], feature: str) -> str | None:
    """Return the array column that a feature is an element of; None where it is a column itself, or there is none."""
    element = _ELEMENT.fullmatch(feature)
    if (feature in named and not named[feature].is_array) or not element:
        return None
    return element[1] if element[1] in named and named[element[1]].is_array else None


def _elements(array: str, column: Attribute, count: int) -> str:
    """Return SQL for the elements of an array in their order, as training takes them, whatever its dimensions and bounds."""
    cast = "::pg_catalog.int4[]::pg_catalog.float8[]" if column.type == "boolean" else "::pg_catalog.float8[]"
    return (
        f"CASE WHEN {array} IS NULL THEN pg_catalog.array_fill(NULL::pg_catalog.float8, ARRAY[{count}])"
        f" WHEN pg_catalog.array_dims({array}) OPERATOR(pg_catalog.=) '[1:{count}]' THEN {array}{cast}"
        f" ELSE ARRAY(SELECT pg_catalog.unnest({array}{cast})) END"
    )


def _checked(relation: Relation, column: Attribute) -> Attribute:
    if column.type not in NUMBERS:
        raise UnsupportedType(f'column "{column.name}" of {relation.name} is {column.sql_type}, not a number')
    return column
