"""Which server is meant: the one that a connection string or the PG* variables name, else the environment's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgml.errors import ServerError
from pgml.server.cluster import Cluster

_PARAMETERS = {"host", "hostaddr", "port", "dbname", "database", "user", "service"}
_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")
_OTHERWISE = "name another server, as in 'postgresql://user:password@host/database'"


def is_named(dsn: str, options: Mapping[str, Any] | None = None) -> bool:
    """Whether a connection string, libpq's parameters or the PG* variables say anything of which server is meant."""
    from psycopg2.extensions import parse_dsn

    given = {name for name, value in (options or {}).items() if value is not None}
    return bool(_PARAMETERS & (parse_dsn(dsn).keys() | given)) or any(map(os.environ.get, _VARIABLES))


def complete(dsn: str, options: Mapping[str, Any] | None = None) -> str:
    """Return the connection string, which leads to the private server where nothing says which one is meant.

    Raises ServerError where that one does not run, or belongs to another user.
    """
    from psycopg2.extensions import make_dsn, parse_dsn

    if is_named(dsn, options):
        return dsn
    cluster = Cluster()
    try:
        running = cluster.running
    except ServerError as error:
        raise ServerError(error.message, hint=f"{error.hint}; or {_OTHERWISE}") from None
    if running is None:
        what = "does not run" if cluster.exists else "has not been made yet"
        raise ServerError(
            f"no server is named, and this environment's own, in {cluster.home}, {what}",
            hint=f"start it: {Path(sys.prefix, 'bin', 'pgml')} up; or {_OTHERWISE}",
        )
    return make_dsn(dsn, **parse_dsn(cluster.dsn()))
