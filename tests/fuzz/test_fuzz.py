"""The fuzzer changes predictors in ways that are worth trying, and keeps what a process died of."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from random import Random

import pytest
from child import MODELS, rows, survives
from fuzz import Hunt
from mutations import Parts, mutated

DIES = "import os, sys; open(sys.argv[1], 'wb').write(b'deadly'); print('last words', file=sys.stderr, flush=True); os.abort()"
RAISES = "import sys; open(sys.argv[1], 'wb').write(b'strange'); raise KeyError('bare')"
COUNTS = "import sys; print('[{\"forest\": 3}, {\"forest\": 1}]')"
STANDS_STILL = "import time; time.sleep(1000)"


def hunt(program: str, folder: Path, cases: int = 1, seconds: float = 60.0) -> Hunt:
    started = Hunt(lambda last, seed, cases: [sys.executable, "-c", program, str(last)], folder / "findings")
    asyncio.run(started.run(1, "0", cases, seconds))
    return started


@pytest.mark.parametrize("program, data, said", [(DIES, b"deadly", b"last words"), (RAISES, b"strange", b"KeyError: 'bare'")])
def test_what_a_process_ends_with_is_kept(tmp_path: Path, program: str, data: bytes, said: bytes) -> None:
    [found] = hunt(program, tmp_path).found
    assert found.read_bytes() == data
    assert said in found.with_suffix(".txt").read_bytes()


def test_after_one_that_died_there_is_another(tmp_path: Path) -> None:
    assert len(hunt(DIES, tmp_path, cases=3).found) == 3


def test_what_is_tried_and_accepted_is_counted(tmp_path: Path) -> None:
    ended = hunt(COUNTS, tmp_path, cases=3)
    assert (ended.tried, ended.accepted, ended.found) == ({"forest": 3}, {"forest": 1}, [])


def test_it_ends_with_its_time(tmp_path: Path) -> None:
    started = time.monotonic()
    assert hunt(STANDS_STILL, tmp_path, seconds=0.5).found == []
    assert time.monotonic() - started < 100


@pytest.mark.parametrize("name", MODELS)
def test_of_each_predictor_some_changes_are_accepted_and_some_refused(name: str) -> None:
    random, data = Random(name), MODELS[name].to_bytes()
    others = [predictor.to_bytes() for predictor in MODELS.values()]
    outcomes = {survives(mutated(random, data, others), rows(random)) for _ in range(100)}
    assert outcomes == {True, False}


def test_a_seed_makes_the_same_changes() -> None:
    data = MODELS["forest"].to_bytes()
    first, second, other = (
        [mutated(random, data, [data]) for _ in range(20)] for random in (Random(1), Random(1), Random(2))
    )
    assert first == second != other


@pytest.mark.parametrize("name", MODELS)
def test_what_was_taken_apart_is_put_together_again(name: str) -> None:
    parts = Parts.of(MODELS[name].to_bytes())
    again = Parts.of(parts.to_bytes(parts.header()))
    assert again == parts
    assert survives(parts.to_bytes(parts.header()))
