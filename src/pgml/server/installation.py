"""Installing pgml into a database: let the server's Python find the package, then run the SQL of the schema."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pgml
from pgml.errors import ServerError
from pgml.server import door, psql

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

PACKAGE = Path(pgml.__file__).parent
SQL = PACKAGE / "_sql" / "install.sql"

# Run by the server: which pgml its Python finds, whether it can read ours, and where it looks for .pth files. Its
# user's own site folder comes first, because what is put there concerns no other program of the machine.
_PROBE = """
CREATE FUNCTION pg_temp.pgml_probe(marker text) RETURNS text LANGUAGE plpython3u AS $$
import json, os, site, sys
found = {"python": "%d.%d" % sys.version_info[:2], "user": os.geteuid(), "folder": None, "version": None}
try:
    import pgml
    found.update(folder=os.path.dirname(pgml.__file__), version=pgml.__version__)
except (ImportError, OSError) as error:
    found["reason"] = str(error)
try:
    with open(marker) as file:
        found["ours"] = file.read()
except OSError as error:
    found["ours"] = None
    found["blocked"] = isinstance(error, PermissionError)
sites = [folder for folder in site.getsitepackages() if folder in sys.path]
found["sites"] = ([site.getusersitepackages()] if site.ENABLE_USER_SITE else []) + sites
return json.dumps(found)
$$
"""


@dataclass(frozen=True)
class ServerPython:
    """What the Python inside a server says of itself."""

    python: str
    user: int
    folder: str | None
    version: str | None
    ours: str | None
    sites: list[str]
    reason: str = ""
    blocked: bool = False

    @property
    def has_pgml(self) -> bool:
        """Whether it finds pgml in this version."""
        return self.version == pgml.__version__

    @property
    def is_here(self) -> bool:
        """Whether the server reads the very files that run now, thus is on this machine."""
        return self.ours == Path(pgml.__file__).read_text()


def install(dsn: str = "") -> list[str]:
    """Install pgml into an existing server's database, and return what was done, a sentence each.

    ``dsn`` is libpq's connection string; what it leaves out comes from the PG* variables. Installing again changes
    nothing. Raises ServerError, with the command that helps, where the server lacks something.
    """
    done = []
    server = _examine(dsn)
    if not server.has_pgml:
        done.append(_link(server))
        server = _examine(dsn)  # in a new session: a Python that has started does not look again
    if not server.has_pgml:
        found = f"{server.version} in {server.folder}" if server.version else f"none ({server.reason})"
        raise ServerError(
            f"of pgml, the server's Python finds {found}, where {pgml.__version__} is wanted",
            hint="remove that one, or restart the server if it loads PL/Python at its start",
        )
    done += install_schema(dsn) or ["The schema is up to date already."]
    return [*done, f"The server runs pgml {server.version} in {server.folder}."]


def install_schema(dsn: str, use_door: bool = True) -> list[str]:
    """Create the schema in the database that a connection string names, bring it up to date, or leave it as it is.

    The same as ``psql -v door=PATH -f sql/install.sql``, where PATH is the module in C that is built here for a server
    on this machine and kept in its data directory, unless ``use_door`` is false. Returns what was done and what the owner
    should look at, a sentence each, and nothing where it was up to date. Raises ServerError where the server refuses; the
    database is then as it was.
    """
    path, said = _door(dsn) if use_door else (None, [])
    printed, warnings = psql.run(SQL, dsn, {} if path is None else {"door": path})
    return [f"Note: {warning.message}." for warning in warnings] + printed + said


def _door(dsn: str) -> tuple[str | None, list[str]]:
    """Return the path of the module in C for a server, None where there is none; and what is new about that, a sentence each."""
    try:
        connection = connect(dsn)
    except ServerError:  # which psql will report
        return None, []
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT probin FROM pg_proc WHERE oid = to_regprocedure('pgml_doors.predict(text, float8[])'))")
        ((before,),) = cursor.fetchall()
        try:
            built = door.build(connection.server_version // 10000)
            door.check(connection, built)
        except ServerError as error:
            remedy = f" ({error.hint})" if error.hint else ""
            return None, [f"Note: predictions go through PL/Python, without a module in C: {error.message}{remedy}."]
        path = str(built)
        with contextlib.suppress(ServerError):  # such as where nothing in the data directory may be executed
            path = door.keep(connection, built)
    return path, [] if before == path else [f"Predictions are made in C, by {path}."]


def server_python(connection: Connection) -> ServerPython:
    """Ask the Python inside the server, which must have PL/Python; the database stays as it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "BEGIN; SET LOCAL client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS plpython3u"
        )
        cursor.execute(_PROBE)
        cursor.execute("SELECT pg_temp.pgml_probe(%s)", (pgml.__file__,))
        answer = json.loads(cursor.fetchone()[0])
        cursor.execute("ROLLBACK")
    return ServerPython(**answer)


def connect(dsn: str) -> Connection:
    """Connect to a server, each statement committing by itself. Raises ServerError where that cannot be."""
    import psycopg2

    try:
        connection = psycopg2.connect(dsn)
    except psycopg2.Error as error:
        raise ServerError(
            f"the server cannot be reached: {str(error).strip()}",
            hint="name a superuser's database as in postgresql://user:password@host/database, or run this as the "
            "server's own user: sudo -u postgres ...",
        ) from error
    connection.autocommit = True
    return connection


def _examine(dsn: str) -> ServerPython:
    """Check that a server can have pgml at all, and return what its Python says."""
    connection = connect(dsn)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')::bool, current_user")
        superuser, name = cursor.fetchone()
        if not superuser:
            raise ServerError(
                f"{name} is no superuser, and only one can install PL/Python", hint="connect as one"
            )
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'plpython3u'")
        if cursor.fetchone() is None:
            version = connection.server_version // 10000
            raise ServerError(
                "the server has no PL/Python",
                hint=f"on its machine: apt-get install postgresql-plpython3-{version}",
            )
        return server_python(connection)


def _link(server: ServerPython) -> str:
    """Let the server's Python find this package through a ``.pth`` file; return what was done."""
    folder, mine = str(PACKAGE.parent), f"{sys.version_info.major}.{sys.version_info.minor}"
    if server.blocked:
        raise ServerError(
            f"the server's user cannot read {PACKAGE}",
            hint=f"allow it (chmod -R go+rX {PACKAGE}, and go+x the folders above), or install pgml elsewhere",
        )
    if not server.is_here:
        raise ServerError(
            "the server is on another machine, and its Python finds no pgml",
            hint=f"there: python{server.python} -m venv /opt/pgml && /opt/pgml/bin/pip install pgml-core && "
            "sudo -u postgres /opt/pgml/bin/pgml install",
        )
    if server.python != mine:
        raise ServerError(
            f"the server's Python is {server.python}, but pgml is installed in an environment of Python {mine}",
            hint=f"make the environment with python{server.python} -m venv",
        )
    for site in map(Path, server.sites):
        try:
            _write_link(site / "pgml.pth", folder, server.user)
        except OSError:
            continue
        return f"Wrote {site / 'pgml.pth'}, through which the server's Python finds {folder}."
    raise ServerError(
        f"the server's Python does not find pgml, and only root may tell it where: {', '.join(server.sites)}",
        hint=f"echo {folder} | sudo tee {server.sites[-1]}/pgml.pth",
    )


def _write_link(path: Path, folder: str, owner: int) -> None:
    """Write the file; the folders on its way that are missing are made, and belong to the server's user."""
    made = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{folder}\n")
    path.chmod(0o644)
    if os.geteuid() == 0:
        for parent in made:
            os.chown(parent, owner, -1)
