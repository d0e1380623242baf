"""The linear family: scores = coefficients . x + intercept."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pgml.predictors.read.parts import Common
from pgml.predictors.reference.model import Model
from pgml.predictors.reference.rounding import rounding


def linear(common: Common, coefficients: Sequence[float], intercept: Sequence[float]) -> Model:
    """Return the model; ``coefficients`` [n_scores * n_features], ``intercept`` [n_scores]."""
    n, rounded = common.n_features, rounding(common.single)

    def scores(row: Sequence[float]) -> tuple[list[float], list[float]]:
        result = []
        for score, constant in enumerate(intercept):
            total = constant if common.single else 0.0
            for value, coefficient in zip(row, coefficients[score * n : (score + 1) * n]):
                if not math.isnan(value):  # a missing value adds nothing
                    total = rounded(total + rounded(value * coefficient))
            result.append(total if common.single else total + constant)
        return result, []

    return Model(common, scores)
