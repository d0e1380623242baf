"""The database as the orchestrator sees it: a few calls, here over PL/Python's SPI."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

_PLANS_KEPT = 64  # those that name a snapshot are used once, and a session may train thousands of times


class Database:
    """The database of the session, as the calling user. All happens in the caller's transaction."""

    def __init__(self, plpy: Any):
        self._plpy = plpy
        self._plans: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def query(self, sql: str, types: str = "", *values: Any) -> Any:
        """Return the rows (dictionaries) of a statement whose placeholders $1, $2 ... have the given SQL types."""
        key = (sql, types)
        if key not in self._plans:
            self._plans[key] = self._plpy.prepare(sql, types.split())
            if len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)
        self._plans.move_to_end(key)
        return self._plpy.execute(self._plans[key], list(values))

    def one(self, sql: str, types: str = "", *values: Any) -> dict[str, Any] | None:
        """Return the first row, or None."""
        rows = self.query(sql, types, *values)
        return rows[0] if len(rows) else None

    def define(self, sql: str) -> int:
        """Run a statement that has no placeholders (DDL); return how many rows it processed."""
        return self._plpy.execute(sql).nrows()

    def quote_name(self, name: str) -> str:
        """Return an identifier, quoted for use in a statement."""
        return self._plpy.quote_ident(name)

    def quote_text(self, text: str) -> str:
        """Return a text literal, quoted for use in a statement."""
        return self._plpy.quote_literal(text)

    def attempt(self, action: Callable[[], Any], *sqlstates: str) -> Any:
        """Return what ``action`` returns, or None where it fails with one of ``sqlstates`` and is undone."""
        try:
            return action()
        except self._plpy.SPIError as error:
            if error.sqlstate in sqlstates:
                return None
            raise

    def breathe(self) -> None:
        """Let PostgreSQL act on a cancel request or a timeout: it raises where there is one."""
        self.query("SELECT pg_catalog.pg_sleep(0)")

    def warn(self, text: str) -> None:
        """Show a warning to the client."""
        self._plpy.warning(text)
