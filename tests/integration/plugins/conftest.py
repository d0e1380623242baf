"""A server whose engines find all of the plugins in tests/plugins, good and bad ones together."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from environment import PACKAGES, SOURCES, Environment, Server
from sessions import Session

from pgml.server.installation import install_schema

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def plugin_environment(server_folder: Path) -> Environment:
    environment = Environment(server_folder / "plugins")
    for source in sorted(SOURCES.glob("*.py")):
        environment.install(source.stem)
    environment.install_package(PACKAGES / "pgml-baseline")
    return environment


@pytest.fixture(scope="session")
def plugin_server(server_folder: Path, plugin_environment: Environment) -> Iterator[Server]:
    """The server, with the database `template`: the views `numbers` and `labels` of 60 rows with three features."""
    settings = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    server = Server(server_folder / "plugin_server", plugin_environment, 1500, settings)
    with server.locked():
        server.start(address="")
    with contextlib.closing(server.connect("postgres")) as connection:
        Session(connection).execute("CREATE DATABASE template")
    install_schema(server.dsn("template"))
    with contextlib.closing(server.connect("template")) as connection:
        session = Session(connection)
        session.execute(
            "CREATE TABLE points AS SELECT (i % 10)::float8 AS a, (i % 7)::float8 AS b, (i % 13)::float8 AS c"
            " FROM generate_series(1, 60) AS i"
        )
        session.execute("CREATE VIEW numbers AS SELECT a, b, c, a + 2 * b - c AS target FROM points")
        session.execute("CREATE VIEW labels AS SELECT a, b, c, (a > 4)::int + 7 AS label FROM points")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def connect(plugin_server: Server) -> Iterator[Callable[[], Session]]:
    """Open a session with a copy of the database `template`, the same one for a whole module."""
    name = f"plugins_{next(_numbers)}"
    with contextlib.closing(plugin_server.connect("postgres")) as postgres, contextlib.ExitStack() as opened:
        Session(postgres).execute(f"CREATE DATABASE {name} TEMPLATE template")
        yield lambda: Session(opened.enter_context(contextlib.closing(plugin_server.connect(name))))
        opened.close()
        Session(postgres).execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def session(connect: Callable[[], Session]) -> Session:
    """One session for a whole module, so that its engine stays warm."""
    return connect()
