"""The SQL of a session: pgml's own statements with the rights of its owner, the caller's relations as the caller."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgml.backend import control

if TYPE_CHECKING:
    from typing import LiteralString

_PLANS_KEPT = 64  # those that name a snapshot are used once, and a session may train thousands of times
_OWN_PATH = "pg_catalog, pg_temp"  # the search_path of pgml_internal.call
_PARAMETER = re.compile(r"(?<!:):(\w+)::(\w+(?:\[\])?)")


class Session:
    """The session's database. All happens in the caller's transaction.

    Without more words a statement runs as the caller, and finds names in pg_catalog only. ``path`` is the
    caller's search_path, for what the caller named.
    """

    def __init__(self, plpy: Any):
        self.path = ""
        self._plpy = plpy
        self._plans: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._statements = _read(Path(__file__).with_name("statements.sql").read_text())

    # -- pgml's own statements -----------------------------------------------------------------------------

    def run(self, statement: LiteralString, /, **values: Any) -> Any:
        """Return the rows (dictionaries) of a statement in statements.sql, which runs as pgml's owner."""
        sql, parameters = self._statements[statement]
        types = " ".join(sql_type for _, sql_type in parameters)
        with self.as_owner():
            return self.query_composed(sql, types, *(values[parameter] for parameter, _ in parameters))

    def one(self, statement: LiteralString, /, **values: Any) -> dict[str, Any] | None:
        """Return the first row of a statement in statements.sql, or None."""
        rows = self.run(statement, **values)
        return rows[0] if len(rows) else None

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Have the block run with the rights of pgml's owner: never what a caller wrote, nor names of theirs."""
        owner = self.query(
            "SELECT nspowner::bigint AS oid FROM pg_namespace WHERE nspname = 'pgml_internal'"
        )[0]["oid"]
        with control.acting_as(owner):
            yield

    # -- what callers name ---------------------------------------------------------------------------------

    @contextmanager
    def in_path_of_caller(self) -> Iterator[None]:
        """Have the block find names as the caller does."""
        self._set_path(self.path)
        try:
            yield
        finally:
            self._set_path(_OWN_PATH)

    def query(self, sql: LiteralString, types: LiteralString = "", *values: Any) -> Any:
        """Return the rows (dictionaries) of a statement whose placeholders $1, $2 ... have the given SQL types.

        Those are looked up like any name: in the path of the caller they have to say that they are of pg_catalog.
        """
        return self.query_composed(sql, types, *values)

    def query_composed(self, sql: str, types: LiteralString = "", *values: Any) -> Any:
        """Do the same for a statement in which there are names, quoted by :meth:`quote_name`; never values."""
        key = (sql, types)
        if key not in self._plans:
            self._plans[key] = self._plpy.prepare(sql, types.split())
            if len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)
        self._plans.move_to_end(key)
        return self._plpy.execute(self._plans[key], list(values))

    def define(self, sql: str) -> int:
        """Run a statement that has no placeholders; return how many rows it processed."""
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
            if sqlstate(error) in sqlstates:
                return None
            raise

    # -- the client ----------------------------------------------------------------------------------------

    def breathe(self) -> None:
        """Let PostgreSQL act on a cancel request or a timeout: it raises where there is one.

        It waits for a moment, because only who waits is told that the postmaster has died; then the session ends.
        """
        self.query("SELECT pg_catalog.pg_sleep(0.001)")

    def notice(self, text: str) -> None:
        """Tell the client."""
        self._plpy.notice(text)

    def warn(self, text: str) -> None:
        """Show a warning to the client."""
        self._plpy.warning(text)

    def _set_path(self, path: str) -> None:
        # Literals, so that it means the same in whatever path it runs.
        self._plpy.execute(f"SELECT pg_catalog.set_config('search_path', {self.quote_text(path)}, true)")


def sqlstate(error: Any) -> str:
    """Return the SQLSTATE of what PL/Python raised.

    Its classes have one each, but for those that are not PostgreSQL's, such as a user's own: then it is packed
    into a number, six bits a character.
    """
    spidata = getattr(error, "spidata", None)
    if spidata is None:
        return getattr(error, "sqlstate", "XX000")
    return "".join(chr((spidata[0] >> shift & 63) + ord("0")) for shift in range(0, 30, 6))


def _read(text: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return the statements by name: SQL with $1, $2 ..., and the names and SQL types of those."""
    statements = {}
    for name, body in re.findall(r"^-- (\w+)\n(.*?)(?=^-- |\Z)", text, re.DOTALL | re.MULTILINE):
        parameters = list(dict.fromkeys(_PARAMETER.findall(body)))
        places = {parameter: f"${place}" for place, (parameter, _) in enumerate(parameters, 1)}
        statements[name] = (
            _PARAMETER.sub(lambda found, places=places: places[found[1]], body).strip(),
            parameters,
        )
    return statements
