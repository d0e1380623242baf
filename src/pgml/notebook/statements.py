"""What is said to the server over one connection; what it refuses comes back as the classes of :mod:`pgml.errors`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pandas as pd
import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from pgml import errors

_BY_SQLSTATE = {
    kind.sqlstate: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.PgmlError)
}
_NO_VALUE = "can't adapt type "  # what psycopg2 says, which knows no class for it


class Statements:
    """The statements of a connection, which is psycopg2's; errors that are not pgml's stay psycopg2's."""

    def __init__(self, connection: psycopg2.extensions.connection):
        self._connection = connection

    def value(self, statement: str, *parameters: Any) -> Any:
        """Return the one value of the one row that a statement returns."""
        return self.rows(statement, *parameters)[0][0]

    def row(self, statement: str, parameters: Any) -> dict[str, Any]:
        """Return the one row that a statement returns."""
        with self._cursor(statement, parameters) as cursor:
            return dict(zip(_columns(cursor), cursor.fetchone() or (), strict=True))

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        with self._cursor(statement, parameters) as cursor:
            return cursor.fetchall()

    def frame(self, statement: Any, *parameters: Any) -> pd.DataFrame:
        """Return the rows of a statement as a DataFrame, its columns named as they are."""
        with self._cursor(statement, parameters) as cursor:
            return pd.DataFrame(cursor.fetchall(), columns=_columns(cursor))

    @contextmanager
    def one_snapshot(self) -> Iterator[bool]:
        """Have all statements of the block see the same models, in a transaction of their own; yield whether they do.

        They do not where the caller has begun a transaction, of which READ COMMITTED lets each statement see what is new.
        """
        connection = self._connection
        if not connection.autocommit or connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
            yield False
            return
        self._say("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield True
        except BaseException:
            with suppress(psycopg2.Error):  # the connection is gone, and that is what is raised
                self._say("ROLLBACK")
            raise
        self._say("COMMIT")

    def _say(self, statement: str) -> None:
        with self._cursor(statement, ()):
            pass

    @contextmanager
    def _cursor(self, statement: Any, parameters: Sequence[Any] | dict[str, Any]) -> Iterator[psycopg2.extensions.cursor]:
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(statement, parameters)
            except psycopg2.Error as error:
                if str(error).startswith(_NO_VALUE):
                    kind = str(error).removeprefix(_NO_VALUE).strip("'")
                    raise errors.InvalidArgument(
                        f"a {kind} is no value of SQL", hint="a relation is given by its name, as a text"
                    ) from None
                if error.pgcode not in _BY_SQLSTATE:
                    raise
                said = error.diag
                raise _BY_SQLSTATE[error.pgcode](
                    said.message_primary, hint=said.message_hint, detail=said.message_detail
                ) from None
            yield cursor


def _columns(cursor: psycopg2.extensions.cursor) -> list[str]:
    return [column.name for column in cursor.description or ()]
