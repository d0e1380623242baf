"""Whether an estimator predicts a row by that row alone: the score that it got in one batch is the one it serves with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgml.plugin.objective import Objective

if TYPE_CHECKING:
    import numpy as np

_ALONE = 3  # rows that are predicted one at a time, as a query does
_TOGETHER = 500  # rows, at most, that are predicted in another order
_OF_SPREAD = 1e-3  # by how much of their standard deviation predictions may change without changing the score
_OF_SIZE = 1e-6  # and by how much of the largest, which is rounding in float32


def parts(rows: int) -> list[np.ndarray]:
    """Return the places of rows to predict again: a few alone, then half of all in another order."""
    import numpy as np

    shuffled = np.random.default_rng(0).permutation(rows)
    return [*shuffled[:_ALONE, None], shuffled[: min(_TOGETHER, (rows + 1) // 2)]]


def unsteady(
    objective: Objective,
    fitted: Any,
    predict: Callable[[Any], np.ndarray],
    X: np.ndarray,
    expected: np.ndarray,
) -> str | None:
    """Say how predictions for parts of ``X`` [rows, features] differ from the ``expected`` ones [rows] for all of it.

    ``predict`` returns the predictions of ``fitted``, checked. None: they are the same, but for rounding and for
    rows between which the estimator has no reason to choose.
    """
    import numpy as np

    if not len(X):
        return None
    places = parts(len(X))
    answers = np.concatenate([predict(np.ascontiguousarray(X[part])) for part in places])
    place = np.concatenate(places)
    wanted = expected[place]
    if expected.dtype.kind == "f":
        off = np.abs(answers - wanted)
        allowed = _OF_SPREAD * expected.std() + _OF_SIZE * np.abs(expected).max()
        return f"by up to {off.max():g}" if off.max() > allowed else None
    differ = answers != wanted
    if differ.any() and all((predict(X) == expected).all() for _ in range(2)):  # else no rounding explains it
        others = expected.copy()
        others[place[differ]] = answers[differ]
        differ &= ~objective.ties(fitted, X, others)[place]
    return f"in {np.count_nonzero(differ)} of {len(place)} rows" if differ.any() else None
