"""Small tables that are unlike each other, for the checks to train on."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgml.plugin.algorithm import Algorithm

_SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "five classes": {"classes": 5},
    "one feature": {"features": 1},
    "few rows": {"rows": 8, "features": 2},
    "more features than rows": {"rows": 12, "features": 25},
    "a constant feature": {},
    "huge numbers": {"factor": 1e6},
    "tiny numbers": {"factor": 1e-6},
    "unequal classes": {},
    "a constant target": {},
}
_ONLY_FOR = {
    "five classes": "classification",
    "unequal classes": "classification",
    "a constant target": "regression",
}


def kinds(algorithm: Algorithm) -> list[str]:
    """Return the names of the tables that suit the algorithm's objective."""
    return [kind for kind in _SHAPES if _ONLY_FOR.get(kind, algorithm.objective) == algorithm.objective]


def table(algorithm: Algorithm, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y of the table of that kind, as ``fit`` takes them; always the same, in new arrays."""
    X, y = easy_table(algorithm, **_SHAPES[kind])
    if kind == "a constant feature":
        X[:, 0] = 0.0 if algorithm.scaled else 5.0
    if kind == "unequal classes":
        y = (_ranks(X[:, 0]) >= len(X) - 4).astype(np.int64)
    if kind == "a constant target":
        y[:] = 3.0
    return X, y


def easy_table(
    algorithm: Algorithm, *, rows: int = 40, features: int = 3, classes: int = 2, factor: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y as ``fit`` takes them: the target follows two of the features, with a little noise."""
    random = np.random.default_rng(rows * features)
    X = random.normal(loc=1.0, size=(rows, features))
    signal = 3 * X[:, 0] - 2 * X[:, -1] + random.normal(scale=0.3, size=rows)
    if algorithm.objective == "regression":
        y = factor * (5 + signal)
    else:
        y = (_ranks(signal) * classes // rows).astype(np.int64)
    X = (X - X.mean(axis=0)) / X.std(axis=0) if algorithm.scaled else factor * X
    return np.ascontiguousarray(X), y


def _ranks(values: np.ndarray) -> np.ndarray:
    return values.argsort().argsort()
