"""Installing pgml into a database: what the server has to have for it, then the SQL of the schema."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pgml
from pgml import postgres
from pgml.errors import ServerError

SQL = Path(pgml.__file__).parent / "_sql" / "install.sql"


def install_schema(dsn: str) -> None:
    """Create the schema in the database that a connection string names, or bring it up to date.

    The same as ``psql -f sql/install.sql``. Raises ServerError with what psql said.
    """
    from psycopg2.extensions import make_dsn, parse_dsn

    place = parse_dsn(dsn)
    environment = dict(os.environ)
    if password := place.pop("password", None):
        environment["PGPASSWORD"] = password  # not on the command line, where everybody on the machine could read it
    done = subprocess.run(
        [_psql(), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={SQL}", f"--dbname={make_dsn(**place)}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ServerError(f"the schema could not be installed: {done.stderr.strip()}")


def _psql() -> str:
    if on_path := shutil.which("psql"):
        return on_path
    for installed in postgres.installed():
        return installed.program("psql")
    raise ServerError("psql is not installed", hint="apt-get install postgresql-client")
