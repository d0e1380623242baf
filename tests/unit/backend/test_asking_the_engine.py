"""The session's end of the engine, with a real engine at the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from pgml.backend.engine import Engine
from pgml.errors import EngineDied


@pytest.fixture
def engine(monkeypatch) -> Iterator[Engine]:
    monkeypatch.setenv("PGML_PYTHON", sys.executable)
    engine = Engine(wait=None, warn=print)
    yield engine
    engine.stop()


def test_an_engine_that_says_that_another_has_died_is_believed(engine):
    """It answers, so it lives; to ask it again would bring the same answer for ever."""
    for _ in range(2):
        with pytest.raises(EngineDied, match="the engine that the first rows were sent to ended"):
            engine.ask("train", test_size=0.25, sampling="random")
    assert engine.running
