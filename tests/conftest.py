"""What the tests share: one private PostgreSQL for all of them, and a fresh database with pgml for each."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn

from pgml.errors import ServerError
from pgml.server.cluster import Cluster
from pgml.server.door import headers
from pgml.server.installation import install_schema

TEMPLATE = "pgml_template"
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# The same examples every time, so that a change is not blamed for what chance found; to look further:
# pytest --hypothesis-profile=explore. How long an example takes says more of the machine than of us.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("pgml", derandomize=True, print_blob=True, **PATIENT)
settings.register_profile("explore", print_blob=True, **PATIENT)
settings.load_profile("pgml")

_numbers = itertools.count(1)


class Database:
    """A database with pgml in it, made for one test."""

    def __init__(self, cluster: Cluster, name: str):
        self.cluster = cluster
        self.name = name
        self.dsn = cluster.dsn(name)
        self._connections: list[Connection] = []
        self._own: Connection | None = None
        self._roles: list[str] = []

    def connect(self, role: str | None = None, **options: str) -> Connection:
        """Return a new connection that commits each statement; as the superuser unless a role is named.

        A role that `role` has not made yet is made. Options are libpq's, such as ``application_name``.
        """
        if role is not None:
            self.role(role)
            options = {"user": role, "password": role, **options}
        connection = psycopg2.connect(make_dsn(self.dsn, **options))
        connection.autocommit = True
        self._connections.append(connection)
        return connection

    def execute(self, statement: str, *parameters: object) -> list[tuple]:
        """Run a statement as the superuser, on a connection of its own for the whole test, and return its rows."""
        if self._own is None or self._own.closed:
            self._own = self.connect()
        with self._own.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def role(self, name: str) -> str:
        """Make a role that may log in and nothing else, gone after the test; return its name."""
        if name not in self._roles:
            self.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{name}'")
            self._roles.append(name)
        return name

    def disconnect(self) -> None:
        """Close all connections that were made here."""
        for connection in self._connections:
            connection.close()

    def close(self) -> None:
        """Drop the database and what the test left outside it."""
        self.disconnect()
        with (
            contextlib.closing(self.cluster.connect("postgres")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')
            for role in self._roles:
                cursor.execute(f'DROP ROLE "{role}"')


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that the server's user may enter, which pytest's own temporary folders are not for root's tests."""
    folder = Path(tempfile.mkdtemp(prefix="pgml-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new_cluster(server_folder: Path) -> Iterator[Callable[..., Cluster]]:
    """Make a private server that has not been created yet, of a class and in a folder below `server_folder`."""
    made = []

    def new(name: str | None = None, kind: type[Cluster] = Cluster) -> Cluster:
        made.append(kind(server_folder / (name or f"cluster_{next(_numbers)}"), settings=NOT_DURABLE))
        return made[-1]

    yield new
    for cluster in made:
        cluster.stop()
        shutil.rmtree(cluster.home, ignore_errors=True)
        shutil.rmtree(cluster.socket_folder, ignore_errors=True)


@pytest.fixture
def free_port() -> int:
    """A TCP port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def cluster(server_folder: Path) -> Iterator[Cluster]:
    """A running private server, reached through its Unix socket only."""
    cluster = Cluster(server_folder / "session", settings=NOT_DURABLE)
    with cluster.locked():
        cluster.start(address="")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def door(request: pytest.FixtureRequest, cluster: Cluster) -> str:
    """What predictions are made by: "c", the module of the server, or "python"; see `BOTH_DOORS`."""
    wanted = getattr(request, "param", None)
    try:
        headers(cluster.postgres.version)
    except ServerError as error:  # without a network, say; then users have no module either
        if wanted == "c":
            pytest.skip(f"the module in C cannot be built: {error}")
        return "python"
    return wanted or "c"


@pytest.fixture
def c_door(door: str) -> None:
    """For tests of the module in C, and of what is said of it: nothing where it cannot be built."""
    if door != "c":
        pytest.skip("the module in C cannot be built here")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have the tests of a module that says BOTH_DOORS = True go through either of them."""
    if getattr(metafunc.module, "BOTH_DOORS", False) and "door" in metafunc.fixturenames:
        metafunc.parametrize("door", ["c", "python"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def template(cluster: Cluster, door: str) -> str:
    """The name of a database that pgml was installed in once, to be cloned."""
    name = f"{TEMPLATE}_{door}"
    with contextlib.closing(cluster.connect("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    install_schema(cluster.dsn(name), use_door=door == "c")
    with contextlib.closing(cluster.connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regprocedure('pgml_doors.predict(text, float8[])') IS NOT NULL")
        assert cursor.fetchall() == [(door == "c",)]
    return name


@pytest.fixture(scope="session")
def new_database(cluster: Cluster, template: str) -> Callable[..., contextlib.AbstractContextManager[Database]]:
    """Make a fresh database with pgml installed, or a copy of another one that nobody is connected to."""

    @contextlib.contextmanager
    def new(source: str = template) -> Iterator[Database]:
        name = f"test_{next(_numbers)}"
        with contextlib.closing(cluster.connect("postgres")) as connection, connection.cursor() as cursor:
            # Copying files takes half the time of the default, which writes them to the log; PostgreSQL 15 asks which.
            strategy = "STRATEGY FILE_COPY" if connection.server_version >= 150000 else ""
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {source} {strategy}")
        database = Database(cluster, name)
        try:
            yield database
        finally:
            database.close()

    return new


@pytest.fixture
def database(new_database: Callable[..., contextlib.AbstractContextManager[Database]]) -> Iterator[Database]:
    """A fresh database with pgml installed."""
    with new_database() as database:
        yield database
