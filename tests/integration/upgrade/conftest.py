"""A server with the database of pgml 0.1.0 that is kept in tests/fixtures, as it was and brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROLES, Place, make_roles, new_place, restore_old

from pgml.server.cluster import Cluster
from pgml.server.installation import install_schema

# With little memory, sequential scans of a few hundred kB are synchronised already.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "1MB"}


@pytest.fixture(scope="session")
def old_server(server_folder: Path) -> Iterator[Cluster]:
    """The server, with the databases `old`, `upgraded` and `fresh` to copy."""
    server = Cluster(server_folder / "upgrade", settings=SETTINGS)
    with server.locked():
        server.start(address="")
    postgres = Place(server, "postgres")
    make_roles(postgres, *ROLES)
    postgres.execute("CREATE DATABASE old")
    restore_old(Place(server, "old"))
    postgres.execute("CREATE DATABASE upgraded TEMPLATE old")
    postgres.execute("CREATE DATABASE fresh")
    install_schema(server.dsn("upgraded"))
    install_schema(server.dsn("fresh"))
    postgres.disconnect()
    yield server
    server.stop()


@pytest.fixture
def old(old_server: Cluster) -> Iterator[Place]:
    """The database of 0.1.0, for one test."""
    with new_place(old_server, "old") as place:
        yield place


@pytest.fixture
def upgraded(old_server: Cluster) -> Iterator[Place]:
    """The database after its upgrade, for one test."""
    with new_place(old_server, "upgraded") as place:
        yield place


@pytest.fixture(scope="module")
def upgraded_once(old_server: Cluster) -> Iterator[Place]:
    """The database after its upgrade, for all tests of a module, which only read."""
    with new_place(old_server, "upgraded") as place:
        yield place


@pytest.fixture
def fresh(old_server: Cluster) -> Iterator[Place]:
    """A database with pgml as a fresh installation makes it, for one test."""
    with new_place(old_server, "fresh") as place:
        yield place
