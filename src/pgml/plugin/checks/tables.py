"""Small tables that are unlike each other, for the checks to train on."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgml.plugin.algorithm import Algorithm
from pgml.plugin.objective import OBJECTIVES

_SHAPES: dict[str, dict[str, Any]] = {
    "one feature": {"features": 1},
    "few rows": {"rows": 8, "features": 2},
    "more features than rows": {"rows": 12, "features": 25},
    "a constant feature": {},
    "huge numbers": {"factor": 1e6},
    "tiny numbers": {"factor": 1e-6},
}


def kinds(algorithm: Algorithm) -> list[str]:
    """Return the names of the tables that suit the algorithm: those of its objective's targets, and of the features."""
    targets = OBJECTIVES[algorithm.objective].example_targets(np.arange(40.0))
    return [*targets, *_SHAPES]


def table(algorithm: Algorithm, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y of the table of that kind, as ``fit`` takes them; always the same, in new arrays."""
    if kind not in _SHAPES:
        return easy_table(algorithm, target=kind)
    X, y = easy_table(algorithm, **_SHAPES[kind])
    if kind == "a constant feature":
        X[:, 0] = 0.0 if algorithm.scaled else 5.0
    return X, y


def easy_table(
    algorithm: Algorithm, *, rows: int = 40, features: int = 3, target: str = "plain", factor: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y as ``fit`` takes them: the target follows two of the features, with a little noise.

    It is above 0 where the algorithm needs that.
    """
    random = np.random.default_rng(rows * features)
    X = random.normal(loc=1.0, size=(rows, features))
    signal = 3 * X[:, 0] - 2 * X[:, -1] + random.normal(scale=0.3, size=rows)
    signal = np.exp(signal / 4) if algorithm.positive_target else 5 + signal
    y = OBJECTIVES[algorithm.objective].example_targets(factor * signal)[target]
    X = (X - X.mean(axis=0)) / X.std(axis=0) if algorithm.scaled else factor * X
    return np.ascontiguousarray(X), y
