"""Comparing a compiled model with its estimator, and saying where they differ."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from pgml import predictors
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.objective import OBJECTIVES

_TOLERANCE = {np.dtype("float64"): 1e-9, np.dtype("float32"): 2e-6}


def require(algorithm: Algorithm, kept: bool, rule: str, value: Any) -> None:
    """Raise AssertionError, naming the algorithm, the rule and the value, where the rule is not kept."""
    if not kept:
        _fail(algorithm, rule, value)


def _fail(algorithm: Algorithm, rule: str, value: Any) -> NoReturn:
    name = getattr(algorithm, "name", type(algorithm).__name__)
    objective = getattr(algorithm, "objective", "no objective")
    raise AssertionError(f"{name} ({objective}): {rule}, got {value!r}")


def compile_fitted(algorithm: Algorithm, fitted: Any) -> predictors.Predictor | None:
    """Return the compiled estimator, None where its predictions are left to the engine."""
    try:
        return algorithm.compile(fitted)
    except predictors.NotCompilable:
        return None


def require_compiled_agrees(
    algorithm: Algorithm, fitted: Any, X: np.ndarray, kind: str, slack: float = 0.0
) -> None:
    """Require that the compiled estimator answers as the estimator itself to the rows of ``X``.

    Labels have to be equal, numbers and probabilities to about the precision that the library computes with
    (1e-9 relative for float64, 2e-6 for float32). Where two answers tie, either will do. ``slack``
    is how far numbers may be apart besides, for a model whose sums cancel. Without a compiled form there is
    nothing to compare.
    """
    compiled = compile_fitted(algorithm, fitted)
    if compiled is None:
        return
    served = predictors.evaluator(compiled.to_bytes())
    X = np.ascontiguousarray(X)
    answers, wanted = np.asarray(served.predict_batch(X, len(X))), np.asarray(fitted.predict(X))
    differ = answers != wanted
    if differ.any():
        tied = OBJECTIVES[algorithm.objective].ties(fitted, X, answers)
        wanted = np.where(differ & tied, answers, wanted)
    require_same(algorithm, answers, wanted, f"the compiled model ({kind})", slack)
    one = served.predict(X[0].tolist())
    require(algorithm, one == answers[0], f"must predict one row as it predicts many ({kind})", one)
    if hasattr(fitted, "predict_proba"):
        probabilities = served.predict_proba_batch(X, len(X))
        if probabilities is None:
            _fail(algorithm, f"must compile to probabilities, too ({kind})", None)
        wanted = fitted.predict_proba(X)
        got = np.reshape(probabilities, wanted.shape)
        require_same(algorithm, got, wanted, f"the compiled model's probabilities ({kind})")


def require_same(algorithm: Algorithm, got: Any, wanted: np.ndarray, what: str, slack: float = 0.0) -> None:
    """Require that ``got`` is ``wanted``, to the precision in which that is computed, or ``slack``."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    tolerance = _TOLERANCE.get(wanted.dtype, 0.0)
    finite = np.isfinite(wanted)  # beyond all numbers, no answer is the right one
    slack += tolerance * np.abs(wanted[finite]).max(initial=0.0) + np.finfo(np.float64).tiny
    wrong = finite & ~np.isclose(got, wanted, rtol=tolerance, atol=slack)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0])
        rule = f"{what} must predict what the estimator does, {wanted[place]!r} in row {place[0]}"
        require(algorithm, False, rule, got[place])
