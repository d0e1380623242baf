"""What the attacks share: one house for all of them, looked after before and after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from house import House
from sessions import Session


@pytest.fixture(scope="session")
def furnished(new_database: Callable) -> Iterator[House]:
    """The house, once for all attacks: none of them changes it."""
    with new_database() as database:
        yield House(database)


@pytest.fixture(autouse=True)
def house(furnished: House) -> Iterator[House]:
    """The house; what the test leaves behind of others is as it was, and mallory has nothing more than before."""
    with furnished.unchanged():
        yield furnished


@pytest.fixture
def mallory(house: House) -> Session:
    """The session of a role that has USAGE on schema pgml, EXECUTE on pgml.train, and no right in any project."""
    return house.session("mallory")


@pytest.fixture
def anna(house: House) -> Session:
    """The session of the role that the project `harvest` belongs to."""
    return house.session("anna")


@pytest.fixture
def sue(house: House) -> Session:
    """The session of a superuser to whom pgml does not belong; the project `crown` does."""
    return house.session("sue")
