"""The table that a data set is loaded into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgml.backend.session import Database
from pgml.errors import InvalidArgument

MARK = "a data set that pgml.load_dataset loaded"  # the comment on such a table


def fill(
    database: Database, source: str, columns: Sequence[Sequence[str]], slices: Iterable[bytes | bytearray]
) -> None:
    """Create the table pgml.<source>, or empty it, and insert the rows.

    ``columns`` are names and SQL types; each slice is a JSON array of objects. A table that a data set was
    loaded into before stays, with the views on it, as long as its columns are the same.

    Raises:
        InvalidArgument: there is something else of that name, which would be lost.
    """
    table = f"pgml.{database.quote_name(source)}"
    there = database.one(
        "SELECT pg_catalog.obj_description(c.oid, 'pg_class') IS NOT DISTINCT FROM $2 AS ours,"
        " ARRAY(SELECT ARRAY[a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)]"
        " FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY a.attnum) AS columns"
        " FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass($1)",
        "text text",
        table,
        MARK,
    )
    if there and not there["ours"]:
        raise InvalidArgument(
            f"{table} exists and is not a data set: it would be lost",
            hint="rename it, then load the data set again",
        )
    if there and there["columns"] == [list(column) for column in columns]:
        database.define(f"TRUNCATE {table}")
    else:
        if there:
            database.define(f"DROP TABLE {table}")
        defined = ", ".join(f"{database.quote_name(name)} {sql_type}" for name, sql_type in columns)
        database.define(f"CREATE TABLE {table} ({defined})")
        database.define(f"COMMENT ON TABLE {table} IS {database.quote_text(MARK)}")
    for rows in slices:
        database.query(
            f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1)", "json", rows.decode()
        )
