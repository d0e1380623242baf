"""What the rules of the conformance suite have in common: how one is broken, and the models that they look at."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from pgml.plugin.algorithm import Algorithm
from pgml.plugin.checks.tables import table


def rule(kept: Callable[[Algorithm], None]) -> Callable[[Algorithm], None]:
    """Return the rule as a check: whatever else is raised while it is looked at breaks it too."""

    @functools.wraps(kept)
    def check(algorithm: Algorithm) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a training that has not converged, for example
            try:
                kept(algorithm)
            except AssertionError:
                raise
            except Exception as error:
                raise AssertionError(f"{algorithm!r}: {kept.__doc__} But there was {error!r}") from error

    return check


@functools.lru_cache(maxsize=16)
def fitted_to(algorithm: Algorithm, kind: str) -> Any:
    """Return the estimator fitted to the table of that kind; several checks look at the same one."""
    return fit(algorithm, *table(algorithm, kind), kind)


def fit(algorithm: Algorithm, X: np.ndarray, y: np.ndarray, kind: str) -> Any:
    """Return a new estimator with the defaults; raise AssertionError where ``fit`` fails or returns none."""
    try:
        fitted = algorithm.fit(algorithm.check({}), X, y)
    except Exception as error:
        raise AssertionError(f"{algorithm!r}: must fit with its defaults ({kind}), got {error!r}") from error
    if not callable(getattr(fitted, "predict", None)):
        raise AssertionError(f"{algorithm!r}: fit must return the fitted estimator ({kind}), got {fitted!r}")
    return fitted
