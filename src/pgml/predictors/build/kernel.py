"""Build kernel predictors: scores = coefficients . k(vectors, x) + intercept, one or several such machines.

A kernel is written as nested tuples: ("rbf", gamma), or ("sum", ("constant", 2.0), ("rbf", 0.5)).
``LEAVES`` and ``COMBINATIONS`` in ``pgml.predictors.read.expressions`` are all there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pgml.predictors.build.predictor import Predictor, floats, labels
from pgml.predictors.read.expressions import check_expression
from pgml.predictors.read.format import PANEL
from pgml.predictors.read.outputs import check_output


class Machine(NamedTuple):
    """A kernel machine on m support vectors.

    ``expression`` is its kernel, ``vectors`` [m, n_features], ``coefficients`` [k, m] (or [m]: one score) and
    ``intercept`` [k]. ``whitener`` [m, m], lower triangular, gives a Gaussian process its latent variance,
    k(x, x) - |whitener . k(vectors, x)|^2.
    """

    expression: tuple[object, ...]
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
    [K - 1, m], and there is a score a pair of classes. ``platt`` is (A, B), which give a score s the probability
    1 / (1 + exp(A s + B)): libsvm's, a number a pair each, for the probabilities of "one_vs_one", or one a class
    each, for "one_vs_one_calibrated". A machine of no vectors is its intercept. Raises ValueError where shapes
    do not fit.
    """
    if not machines:
        raise ValueError("a kernel predictor needs a machine")
    n_features = np.asarray(machines[0].vectors).shape[1]
    described, packed, coefficients, intercepts, whiteners = [], [], [], [], []
    starts: dict[bytes, int] = {}  # the machines of one process a class share their vectors
    rows = 0
    for machine in machines:
        check_expression(machine.expression, n_features)
        vectors = floats(machine.vectors, (-1, n_features))
        weights = np.atleast_2d(floats(machine.coefficients, np.shape(machine.coefficients)))
        if not len(vectors) and class_sizes is None:  # one that weighs nothing stands for none
            vectors, weights = np.zeros((1, n_features)), np.zeros((len(weights), 1))
        if weights.shape[1] != len(vectors) or not len(vectors):
            raise ValueError(f"{weights.shape[1]} coefficients for {len(vectors)} vectors")
        key = vectors.tobytes()
        if key not in starts:
            starts[key] = rows
            packed.append(_panels(vectors))
            rows += packed[-1].size // n_features
        n_scores = len(weights) if class_sizes is None else (len(weights) + 1) * len(weights) // 2
        described.append(
            {
                "expression": machine.expression,
                "first": starts[key],
                "vectors": len(vectors),
                "rows": len(weights),
                "whitener": machine.whitener is not None,
            }
        )
        coefficients.append(weights.ravel())
        intercepts.append(np.broadcast_to(np.ravel(machine.intercept), (n_scores,)))
        if machine.whitener is not None:
            whiteners.append(floats(machine.whitener, (len(vectors), len(vectors))).ravel())
    tensors = {
        "vectors": np.concatenate(packed),
        "coefficients": np.concatenate(coefficients),
        "intercept": floats(np.concatenate(intercepts), (-1,)),
    }
    if whiteners:
        tensors["whiteners"] = np.concatenate(whiteners)
    if class_sizes is not None:
        tensors["class_sizes"] = np.ascontiguousarray(class_sizes, dtype=np.int64)
    if platt is not None:
        n_each = len(tensors["intercept"] if output != "one_vs_one_calibrated" or classes is None else classes)
        tensors["platt"] = np.concatenate([floats(part, (n_each,)) for part in platt])
    check_output(output, len(tensors["intercept"]), classes)
    return Predictor("kernel", n_features, output, tensors, {"machines": described}, classes=labels(classes))


def _panels(vectors: np.ndarray) -> np.ndarray:
    """Return ``vectors`` [m, n] as panels of PANEL vectors, each feature by feature, the last filled up with 0."""
    m, n_features = vectors.shape
    padded = np.zeros((-(-m // PANEL) * PANEL, n_features))
    padded[:m] = vectors
    return np.ascontiguousarray(padded.reshape(-1, PANEL, n_features).transpose(0, 2, 1)).ravel()
