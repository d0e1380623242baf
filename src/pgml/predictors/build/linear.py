"""Build linear predictors: scores = coefficients . x + intercept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pgml.predictors.build.predictor import Predictor, floats, labels
from pgml.predictors.read.outputs import check_output


def predictor(
    coefficients: np.ndarray,
    intercept: np.ndarray | float,
    *,
    output: str = "value",
    classes: Sequence[float] | None = None,
    missing: bool = False,
    single: bool = False,
) -> Predictor:
    """Return a linear predictor with one score a row of ``coefficients``.

    ``coefficients`` is [k, n_features] or [n_features], ``intercept`` [k] or one number for all. The sum
    starts from the intercept where ``single`` is set and is computed in float32 (XGBoost's gblinear),
    else it starts from zero, is computed in float64, and the intercept comes last (scikit-learn).
    With ``missing``, a missing feature adds nothing to the sum. Raises ValueError where shapes do not fit.
    """
    coefficients = np.atleast_2d(np.asarray(coefficients, dtype=np.float64))
    k, n_features = coefficients.shape
    tensors = {
        "coefficients": floats(coefficients, (k, n_features)),
        "intercept": floats(np.broadcast_to(np.ravel(np.asarray(intercept, dtype=np.float64)), (k,)), (k,)),
    }
    check_output(output, k, classes)
    return Predictor(
        "linear", n_features, output, tensors, {"single": single}, classes=labels(classes), missing=missing
    )
