"""The dense family: a multi-layer perceptron, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pgml.predictors.read.parts import Common
from pgml.predictors.reference.model import Model
from pgml.predictors.reference.rounding import rounding, sigmoid

_ACTIVATIONS = {
    "relu": lambda value: value if value > 0 else 0.0,
    "tanh": math.tanh,
    "logistic": sigmoid,
    "identity": lambda value: value,
}


def dense(common: Common, layers: Sequence[tuple[Sequence[float], Sequence[float]]], activation: str) -> Model:
    """Return the model; ``layers`` are (weights [n_out * n_in], bias [n_out]), input side first."""
    activate, rounded = _ACTIVATIONS[activation], rounding(common.single)

    def scores(row: Sequence[float]) -> tuple[list[float], list[float]]:
        values = list(row)
        for depth, (weights, bias) in enumerate(layers):
            n_in, after = len(values), []
            for unit, constant in enumerate(bias):
                total = constant
                for value, weight in zip(values, weights[unit * n_in : (unit + 1) * n_in]):
                    total = rounded(total + rounded(value * weight))
                after.append(total if depth == len(layers) - 1 else rounded(activate(total)))
            values = after
        return values, []

    return Model(common, scores)
