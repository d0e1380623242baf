"""Build kernel predictors: scores = coefficients . k(vectors, x) + intercept, one or several such machines.

A kernel is written as nested tuples: ("rbf", gamma), or ("sum", ("constant", 2.0), ("rbf", 0.5)).
``EXPRESSIONS`` in ``pgml.predictors.expressions`` lists them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pgml.predictors.expressions import check_expression
from pgml.predictors.outputs import check_output
from pgml.predictors.predictor import Predictor, floats, labels


class Machine(NamedTuple):
    """A kernel machine on m support vectors.

    ``expression`` is its kernel, ``vectors`` [m, n_features], ``coefficients`` [k, m] (or [m]: one score) and
    ``intercept`` [k]. ``whitener`` [m, m], lower triangular, gives a Gaussian process its latent variance,
    k(x, x) - |whitener . k(vectors, x)|^2.
    """

    expression: tuple
    vectors: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray | float = 0.0
    whitener: np.ndarray | None = None


def predictor(
    machines: Sequence[Machine],
    *,
    class_sizes: Sequence[int] | None = None,
    platt: tuple[np.ndarray, np.ndarray] | None = None,
    output: str = "value",
    classes: Sequence[float] | None = None,
) -> Predictor:
    """Return a kernel predictor; the scores of all machines, one after the other, go to ``output``.

    ``class_sizes`` [K] makes the only machine libsvm's: its vectors are sorted by class, its coefficients are
    [K - 1, m], and there is a score a pair of classes. ``platt`` is libsvm's (A, B), a number a pair each, and
    gives "one_vs_one" its probabilities. Raises ValueError where shapes do not fit.
    """
    raise NotImplementedError
