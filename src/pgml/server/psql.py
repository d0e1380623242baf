"""Running an SQL script with psql, and understanding what it reports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pgml.errors import ServerError
from pgml.server import postgres

_OPTIONS = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=verbose", "--set=SHOW_CONTEXT=never")
# "psql:FILE:LINE: SEVERITY:  SQLSTATE: MESSAGE", and what else belongs to the same report.
_REPORT = re.compile(r"^psql:(?:.*/)?([^/\n]+):(\d+): ([A-Z]+): +(\w{5}): (.*(?:\n(?!psql:).*)*)", re.MULTILINE)
_PART = re.compile(r"^(DETAIL|HINT|LOCATION|LINE \d+|QUERY|[A-Z]+ NAME): +", re.MULTILINE)


@dataclass(frozen=True)
class Report:
    """What the server reported of a statement: ``place`` is the script's file and line."""

    place: str
    severity: str
    sqlstate: str
    message: str
    detail: str | None = None
    hint: str | None = None


def run(script: Path, dsn: str, variables: Mapping[str, str] | None = None) -> tuple[list[str], list[Report]]:
    """Run a script in the database of a connection string; return the lines it printed, and the server's warnings.

    ``variables`` are psql's.

    Raises ServerError where a statement fails, after which none is run: with the server's words alone where pgml
    raised them on purpose, else with the place in the script.
    """
    from psycopg2.extensions import make_dsn, parse_dsn

    place = parse_dsn(dsn)
    environment = dict(os.environ)
    if password := place.pop("password", None):
        # Not on the command line, which everybody on the machine can read.
        environment["PGPASSWORD"] = password
    given = [f"--set={name}={value}" for name, value in (variables or {}).items()]
    done = subprocess.run(
        # In English, whatever the server speaks: its words are taken apart below.
        [_program(), *_OPTIONS, *given, "--command=SET lc_messages = 'C'", f"--file={script}", f"--dbname={make_dsn(**place)}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = reports(done.stderr)
    if done.returncode == 0:
        return done.stdout.splitlines(), found
    for report in found:
        if report.sqlstate == ServerError.sqlstate:
            raise ServerError(report.message, hint=report.hint, detail=report.detail)
        if report.severity in ("ERROR", "FATAL", "PANIC"):
            detail = f"; {report.detail}" if report.detail else ""
            raise ServerError(f"the schema could not be installed: {report.message}{detail} ({report.place})")
    raise ServerError(f"the schema could not be installed: {done.stderr.strip().removeprefix('psql: error: ')}")


def reports(printed: str) -> list[Report]:
    """Return what the server reported, from what psql printed of it."""
    found = []
    for file, line, severity, sqlstate, text in _REPORT.findall(printed):
        message, *rest = _PART.split(text)
        parts = dict(zip(rest[::2], (part.strip() for part in rest[1::2])))
        place = f"{file}, line {line}"
        found.append(Report(place, severity, sqlstate, message.strip(), parts.get("DETAIL"), parts.get("HINT")))
    return found


def _program() -> str:
    if on_path := shutil.which("psql"):
        return on_path
    for installed in postgres.installed():
        return installed.program("psql")
    raise ServerError("psql is not installed", hint="apt-get install postgresql-client")
