"""The table that a data set is loaded into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgml.backend.session import Session
from pgml.errors import InvalidArgument

MARK = "a data set that pgml.load_dataset loaded"  # the comment on such a table


def fill(
    session: Session, source: str, columns: Sequence[Sequence[str]], slices: Iterable[bytes | bytearray]
) -> None:
    """Create the table pgml.<source>, for all to read, or empty it, and insert the rows. It belongs to pgml's owner.

    ``columns`` are names and SQL types; each slice is a JSON array of objects. A table that a data set was
    loaded into before stays, with the views on it, as long as its columns are the same.

    Raises:
        InvalidArgument: there is something else of that name, which would be lost, or the table has triggers.
    """
    table = f"pgml.{session.quote_name(source)}"
    there = session.one("data_set_table", source=source, mark=MARK)
    if there and there["ours"]:
        with session.as_owner():
            session.define(f"LOCK TABLE {table}")  # what is looked at now stays as it is
        there = session.one("data_set_table", source=source, mark=MARK)
    if there and not there["ours"]:
        raise InvalidArgument(
            f"{table} exists and is not a data set: it would be lost",
            hint="rename it, then load the data set again",
        )
    if there and there["triggers"]:
        raise InvalidArgument(
            f"{table} has triggers, which would run with the rights of pgml's owner: {', '.join(there['triggers'])}",
            hint="drop them, then load the data set again",
        )
    with session.as_owner():
        if there and there["columns"] == [list(column) for column in columns]:
            # One that was made after this transaction's snapshot is not among those that were looked at.
            session.define(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            session.define(f"TRUNCATE {table}")
        else:
            if there:
                session.define(f"DROP TABLE {table}")
            defined = ", ".join(f"{session.quote_name(name)} {sql_type}" for name, sql_type in columns)
            session.define(f"CREATE TABLE {table} ({defined})")
            session.run("close", relation=table)
            session.define(f"COMMENT ON TABLE {table} IS {session.quote_text(MARK)}")
            session.define(f"GRANT SELECT ON {table} TO PUBLIC")
        for rows in slices:
            session.query_composed(
                f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1)",
                "json",
                rows.decode(),
            )
