"""Rules on what a model may depend on: its settings and its rows, not other rows, earlier calls, seeds or processes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pgml.plugin.algorithm import Algorithm
from pgml.plugin.checks.comparison import compile_fitted, require, require_same
from pgml.plugin.checks.processes import answers_in_new_processes
from pgml.plugin.checks.rule import fit, fitted_to, rule
from pgml.plugin.checks.tables import table
from pgml.plugin.objective import OBJECTIVES


@rule
def predicts_each_row_by_itself(algorithm: Algorithm) -> None:
    """What is predicted for a row depends on no other row of the call, and on no call before it."""
    X, y = table(algorithm, "plain")
    fitted = fitted_to(algorithm, "plain")
    wanted = _answers(fitted, X)
    order = np.random.default_rng(0).permutation(len(X))
    parts = {
        "one row alone": order[:1],
        "another row alone": order[1:2],
        "the rows in another order": order,
        "the rows three times": np.tile(np.arange(len(X)), 3),
        "some of the rows": order[: len(X) // 3],
        "the same rows again": np.arange(len(X)),
    }
    for what, places in parts.items():
        _require_alike(algorithm, fitted, X, wanted, places, _answers(fitted, X[places]), f"for {what}")
    another = fit(algorithm, X, y, "plain")
    another.predict(X[order[:2]])  # its first call is one that the other's was not
    everything = np.arange(len(X))
    _require_alike(algorithm, fitted, X, wanted, everything, _answers(another, X), "after predicting two other rows")


@rule
def leaves_global_randomness_alone(algorithm: Algorithm) -> None:
    """Its seed is its own: it neither sets, changes nor uses the random numbers that all of a process share."""
    X, y = table(algorithm, "plain")
    with _watched(algorithm):
        fitted = fit(algorithm, X, y, "plain")
        fitted.predict(X)
        compile_fitted(algorithm, fitted)


@rule
def trains_the_same_in_any_process(algorithm: Algorithm) -> None:
    """Two new processes, in which sets and hashes have another order, train the same model."""
    X, y = table(algorithm, "plain")
    answers = answers_in_new_processes(algorithm, X, y)
    if answers is not None:
        one, other = answers
        wrong = f"the model of a process with another PYTHONHASHSEED, on the {len(X)} rows that both were trained on,"
        require_same(algorithm, other, one, wrong)


@contextmanager
def _watched(algorithm: Algorithm) -> Iterator[None]:
    """Require that what goes on within leaves the states of ``random`` and ``numpy.random`` as they are."""
    kept = random.getstate(), np.random.get_state()  # it is what is looked at
    try:
        random.seed(20_250_101)
        np.random.seed(20_250_101)
        before = _states()
        yield
        for name, one, other in zip(("random", "numpy.random"), before, _states(), strict=True):
            rule = f"must leave the state of {name}, which is the whole process's, alone (a generator of its own is seeded)"
            require(algorithm, one == other, rule, "another state")
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])


def _states() -> tuple[str, str]:
    state = np.random.get_state()
    return repr(random.getstate()), repr([each.tolist() if isinstance(each, np.ndarray) else each for each in state])


def _answers(fitted: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    X = np.ascontiguousarray(X)
    answers = {"predictions": np.asarray(fitted.predict(X))}
    if hasattr(fitted, "predict_proba"):
        answers["probabilities"] = np.asarray(fitted.predict_proba(X))
    return answers


def _repeats(fitted: Any, X: np.ndarray, wanted: np.ndarray) -> bool:
    """Return whether two more calls give the same answers: else it is no rounding that makes others differ."""
    return all(np.array_equal(fitted.predict(X), wanted) for _ in range(2))


def _require_alike(
    algorithm: Algorithm,
    fitted: Any,
    X: np.ndarray,
    wanted: dict[str, np.ndarray],
    places: np.ndarray,
    got: dict[str, np.ndarray],
    what: str,
) -> None:
    """Require of the answers to ``X[places]`` that they are the ``wanted`` ones, those to ``X``, but for rounding."""
    for name, expected in wanted.items():
        answers, expected = got[name], expected[places]
        require(
            algorithm,
            answers.shape == expected.shape,
            f"must give {name} of shape {expected.shape} ({what})",
            answers.shape,
        )
        if name == "predictions" and (answers != expected).any() and _repeats(fitted, X, wanted[name]):
            for turn in range(0, len(places), len(X)):  # each part is of different rows
                now = slice(turn, turn + len(X))
                others = wanted[name].copy()
                others[places[now]] = answers[now]
                tied = OBJECTIVES[algorithm.objective].ties(fitted, X, others)[places[now]]
                expected[now] = np.where(tied, answers[now], expected[now])
        require_same(algorithm, answers, expected, f"the {name} {what}, each row by itself,")
