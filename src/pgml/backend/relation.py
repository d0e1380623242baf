"""Tables and views as training data: found by name, their columns judged, their rows packed for the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgml.backend import dataset_table
from pgml.backend.session import Session
from pgml.errors import UnknownColumn, UnknownRelation, UnsupportedType, UnusableData, choices_hint
from pgml.wire.packing import Column, packed

_READABLE_KINDS = {"r": "table", "p": "table", "f": "foreign table", "v": "view", "m": "materialized view"}
_SLICE_BYTES = 16 << 20  # how much of a snapshot is packed at a time
_PAGE_BYTES = 8192
NUMBERS = ("smallint", "integer", "bigint", "real", "double precision", "numeric", "boolean")


@dataclass(frozen=True)
class Relation:
    """A table or view that the caller named: as SQL shows it to them, and as every search_path finds it."""

    oid: int
    name: str
    qualified_name: str


@dataclass(frozen=True)
class Attribute:
    """A column of a relation as the catalog describes it; ``type`` is that below any domain."""

    name: str
    type: str
    is_array: bool

    @property
    def sql_type(self) -> str:
        """The type as SQL writes it."""
        return self.type + ("[]" if self.is_array else "")


def find(session: Session, name: str) -> Relation:
    """Return the relation of a name that a user typed.

    It is read as SQL reads names (unquoted ones in lower case, search_path); where that finds nothing, as
    exact names: of a relation or, with a dot, of a schema and a relation in it. Who names a schema gets nothing
    from another one, where somebody else may have put it.

    Raises:
        UnknownRelation: there is none, or it holds no rows to read (an index, say).
    """
    schema, dot, rest = name.partition(".")
    exact = ".".join(session.quote_name(part) for part in ((schema, rest) if dot else (name,)))
    with session.in_path_of_caller():
        for candidate in (name, exact):
            rows = session.attempt(
                lambda candidate=candidate: session.query(_FIND, "pg_catalog.text", candidate),
                "42602",  # no name at all
                "42601",
                "0A000",  # more dots than a name has
            )
            if rows:
                if rows[0].pop("relkind") not in _READABLE_KINDS:
                    raise UnknownRelation(f'"{name}" is neither a table nor a view')
                return Relation(**rows[0])
        known = session.query(_KNOWN, "pg_catalog.text", dataset_table.MARK)
    raise UnknownRelation(
        f'there is no table or view "{name}"', hint=choices_hint(name, [row["name"] for row in known])
    )


# Both run in the caller's search_path, and therefore say where everything in them is from, their parameters' types
# too: a domain called text has a CHECK that whoever made it has written.
_FIND = """
    SELECT c.oid::pg_catalog.int8 AS oid, c.oid::pg_catalog.regclass::pg_catalog.text AS name, c.relkind,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS qualified_name
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)
"""
_KNOWN = """
    SELECT c.oid::pg_catalog.regclass::pg_catalog.text AS name
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}')
        AND n.nspname OPERATOR(pg_catalog.!~) '^(pg_|pgml_|information_schema$)'
        AND (n.nspname OPERATOR(pg_catalog.<>) 'pgml'
             OR pg_catalog.obj_description(c.oid, 'pg_class') OPERATOR(pg_catalog.=) $1)
"""


def attributes(session: Session, oid: int) -> list[Attribute]:
    """Return the columns of a relation, in its order."""
    rows = session.query(
        """
        WITH RECURSIVE resolved AS (
            SELECT a.attnum, a.attname, t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory
            FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
            WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT r.attnum, r.attname, t.oid, t.typtype, t.typbasetype, t.typelem, t.typcategory
            FROM resolved AS r JOIN pg_type AS t ON t.oid = r.typbasetype
            WHERE r.typtype = 'd'
        )
        SELECT attname AS name, typcategory = 'A' AS is_array,
            format_type(CASE WHEN typcategory = 'A' THEN typelem ELSE oid END, NULL) AS type
        FROM resolved WHERE typtype <> 'd' ORDER BY attnum
        """,
        "oid",
        oid,
    )
    return [Attribute(row["name"], row["type"], row["is_array"]) for row in rows]


class TrainingColumns:
    """The columns of a snapshot that a model is trained on, and how they are read: by pgml's owner.

    That runs nothing of anybody's, since the columns of a snapshot are of types of pg_catalog.
    """

    def __init__(
        self, session: Session, snapshot: str, row_count: int, attributes: list[Attribute], target: str
    ):
        number, *columns = attributes  # the row's number comes first
        self._session = session
        self._snapshot = snapshot
        self._row_count = row_count
        self._attributes = {column.name: column for column in attributes}
        self._number = Column(number.name)
        self._dimensions: dict[str, int] = {}
        self.target = target
        widths = self._find_widths([column for column in columns if column.is_array])
        self.columns = [Column(column.name, widths.get(column.name)) for column in columns if column.name != target]

    def slices(self) -> Iterator[list[bytes]]:
        """Yield the rows, a slice at a time: one packed column each, first the rows' numbers, the target last."""
        expressions = [self._packed(column) for column in (self._number, *self.columns, Column(self.target))]
        select = ", ".join(f"{expression} AS c{place}" for place, expression in enumerate(expressions))
        sql = f"SELECT {select} FROM {self._snapshot} WHERE ctid >= $1 AND ctid < $2"
        pages = self._session.one("snapshot_bytes", snapshot=self._snapshot)["bytes"] // _PAGE_BYTES
        row_bytes = 8 * sum(column.width or 1 for column in self.columns)
        step = max(1, pages * _SLICE_BYTES // max(1, row_bytes * self._row_count))
        for page in range(0, pages, step):
            with self._session.as_owner():
                row = self._session.query_composed(sql, "tid tid", f"({page},0)", f"({page + step},0)")[0]
            if row["c0"] is not None:
                yield [row[f"c{place}"] for place in range(len(expressions))]

    def _packed(self, column: Column) -> str:
        """Return the SQL that packs a column into bytes."""
        name = self._session.quote_name(column.name)
        if self._attributes[column.name].type == "boolean":
            name += "::integer"
        return packed(name, column, self._dimensions.get(column.name, 1))

    def _find_widths(self, arrays: list[Attribute]) -> dict[str, int]:
        """Return for each array column how many elements its rows have; keep how many dimensions.

        Raises UnusableData where the rows differ in how many elements or dimensions they have.
        """
        if not arrays:
            return {}
        sizes = ("cardinality", "array_ndims")
        bounds = ", ".join(
            f"min({size}({quoted})) AS least_{size}{place}, max({size}({quoted})) AS most_{size}{place}"
            for place, quoted in enumerate(self._session.quote_name(array.name) for array in arrays)
            for size in sizes
        )
        with self._session.as_owner():
            row = self._session.query_composed(f"SELECT {bounds} FROM {self._snapshot}")[0]
        widths = {}
        for place, array in enumerate(arrays):
            for size, noun in zip(sizes, ("elements", "dimensions"), strict=True):
                least, most = row[f"least_{size}{place}"], row[f"most_{size}{place}"]
                if not least or least != most:
                    raise UnusableData(
                        f'the arrays in column "{array.name}" must all have the same number of {noun}, '
                        f"at least one; they have {'none' if not most else f'{least} to {most}'}"
                    )
            widths[array.name] = row[f"least_cardinality{place}"]
            self._dimensions[array.name] = most
        return widths


def check_columns(relation: str, columns: list[Attribute], target: str) -> None:
    """Raise where the relation cannot be trained on with that target, before any row is read.

    Raises:
        UnknownColumn: there is no such target.
        UnsupportedType: a column is neither a number nor an array of numbers.
        UnusableData: there is no column besides the target.
    """
    names = [column.name for column in columns]
    if target not in names:
        raise UnknownColumn(f'{relation} has no column "{target}"', hint=choices_hint(target, names))
    if len(columns) < 2:
        raise UnusableData(f'{relation} has no column besides the target "{target}"')
    for column in columns:
        if column.name == target and (column.is_array or column.type not in NUMBERS):
            raise UnsupportedType(
                f'the target "{target}" of {relation} is {column.sql_type}; it must be a number or a boolean'
            )
        if column.type not in NUMBERS or (column.is_array and column.type == "boolean"):
            raise UnsupportedType(
                f'column "{column.name}" of {relation} is {column.sql_type}; '
                "a model is trained on numbers, booleans and arrays of numbers",
                hint="train on a view that leaves the column out or turns it into a number",
            )


def row_number(columns: list[Attribute]) -> Attribute:
    """Return the column that comes first in a snapshot: the rows' numbers, which no dump and restore changes."""
    name = "pgml_row"
    while name in {column.name for column in columns}:
        name += "_"
    return Attribute(name, "bigint", False)


def copy(session: Session, relation: Relation, columns: list[Attribute], snapshot: str) -> int:
    """Copy the rows that the caller may see into the table of a snapshot, numbered; return how many there are.

    All of it runs as the caller, in the caller's search_path: views, row security, functions, and what turns a
    column of a domain into one of the type below.
    """
    values = ", ".join(f"{session.quote_name(column.name)}::{column.sql_type}" for column in columns)
    with session.in_path_of_caller():
        return session.define(
            f"INSERT INTO {snapshot} SELECT pg_catalog.row_number() OVER (), {values} FROM {relation.qualified_name}"
        )
