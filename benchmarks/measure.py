"""Timing things against each other: turn about, best or median of several, as a table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any


def seconds(action: Callable[[], Any]) -> float:
    """Return how long ``action`` takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def best_of(repeats: int, *actions: Callable[[], Any], enough: float = 10) -> list[float]:
    """Return the shortest time of each action, done in turn so that a noisy moment meets them all.

    What takes long is repeated less: no round begins after ``enough`` seconds.
    """
    rounds: list[list[float]] = []
    while len(rounds) < repeats and sum(map(sum, rounds)) < enough:
        rounds.append([seconds(action) for action in actions])
    return [min(times) for times in zip(*rounds, strict=True)]


def medians(rounds: int, *actions: Callable[[], float]) -> list[float]:
    """Return the median of what each action measures, done in turn, after a round that only warms up."""
    measured = [[action() for action in actions] for _ in range(rounds + 1)][1:]
    return [statistics.median(values) for values in zip(*measured, strict=True)]


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table of text, the first column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    lines = [
        "  ".join(f"{cell:{'<' if place == 0 else '>'}{widths[place]}}" for place, cell in enumerate(row))
        for row in cells
    ]
    return "\n".join(["", title, "", lines[0], "  ".join("-" * width for width in widths), *lines[1:], ""])
