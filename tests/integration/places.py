"""Databases of servers that the tests start themselves: with roles, dumped, restored, and that of pgml 0.1.0."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn
from sessions import Session

from pgml.server.cluster import Cluster

FIXTURE = Path(__file__).parents[1] / "fixtures" / "pgml-0.1.0.sql.gz"
ROLES = ("analyst", "application")  # whom 0.1.0 let train, and predict

_numbers = itertools.count(1)


class Place:
    """A database of a server, and the sessions with it."""

    def __init__(self, server: Cluster, name: str):
        self.server = server
        self.name = name
        self.dsn = server.dsn(name)
        self._sessions: dict[str, Session] = {}

    def connect(self, role: str = "postgres") -> Session:
        """Return a new session of a role, whose password is its name."""
        connection = psycopg2.connect(make_dsn(self.dsn, user=role, password=role))
        connection.autocommit = True
        session = Session(connection)
        self._sessions[f"{role} {session.pid}"] = session
        return session

    def as_role(self, role: str) -> Session:
        """Return the session of a role that is kept for the whole test."""
        if role not in self._sessions:
            self._sessions[role] = self.connect(role)
        return self._sessions[role]

    def execute(self, statement: str, *parameters: object) -> list[tuple]:
        """Run a statement as the superuser."""
        return self.as_role("postgres").execute(statement, *parameters)

    def dump(self, *options: str) -> str:
        """Return what pg_dump says of it: everything, unless an option leaves something out."""
        command = [self.server.postgres.program("pg_dump"), *options, self.dsn]
        dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        # Newer versions of pg_dump guard each dump with a word of its own.
        return "\n".join(line for line in dumped.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))

    def restore(self, dump: str) -> list[str]:
        """Run a dump in it, as psql does, and return the errors."""
        command = [self.server.postgres.program("psql"), "-X", "-q", "-f", "-", self.dsn]
        done = subprocess.run(command, input=dump, capture_output=True, text=True, check=True)
        return [line.partition("ERROR:")[2].strip() for line in done.stderr.splitlines() if "ERROR:" in line]

    def disconnect(self) -> None:
        for session in self._sessions.values():
            session.connection.close()
        self._sessions.clear()


@contextlib.contextmanager
def new_place(server: Cluster, template: str = "template1") -> Iterator[Place]:
    """Make a copy of a database to which nobody is connected, gone afterwards."""
    name = f"place_{next(_numbers)}"
    with contextlib.closing(server.connect("postgres")) as connection, connection.cursor() as cursor:
        strategy = "STRATEGY FILE_COPY" if connection.server_version >= 150000 else ""
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
        place = Place(server, name)
        try:
            yield place
        finally:
            place.disconnect()
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def make_roles(place: Place, *names: str) -> None:
    for name in names:
        place.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")


def restore_old(place: Place) -> None:
    """Restore the populated database of 0.1.0, whose roles must exist."""
    errors = place.restore(gzip.decompress(FIXTURE.read_bytes()).decode())
    assert not errors, errors
