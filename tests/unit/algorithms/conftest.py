"""Fixtures for the tests of the built-in algorithms."""

import pytest
from threadpoolctl import threadpool_limits

from pgml.plugin.registry import BUILT_IN, find_plugins

ALGORITHMS = [
    provided.algorithm for provided in find_plugins().algorithms.values() if provided.plugin.name == BUILT_IN
]


def pytest_generate_tests(metafunc):
    """Run each test that asks for an ``algorithm`` once for every built-in pair."""
    if "algorithm" in metafunc.fixturenames:
        metafunc.parametrize("algorithm", ALGORITHMS, ids=lambda each: f"{each.name}-{each.objective}")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The tables here are tiny: more threads only wait for each other."""
    with threadpool_limits(1):
        yield
