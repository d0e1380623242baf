"""The scores of linear models and perceptrons in ONNX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pgml.predictors.export.onnx.graph import Graph
from pgml.predictors.read.parts import Common

_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


def linear(
    graph: Graph, common: Common, values: str, coefficients: Sequence[float], intercept: Sequence[float]
) -> str:
    """Return the scores [rows, k] of scaled features; the sums of a model in single precision are rounded at the end."""
    if common.missing:  # a missing value adds nothing
        values = graph.apply("Where", graph.apply("IsNaN", values), graph.constant(0.0), values)
    weights = np.reshape(coefficients, (common.n_scores, common.n_features))
    if common.single:
        values, weights = graph.double(graph.single(values)), weights.astype(np.float32)
    total = graph.apply("MatMul", values, graph.constant(weights.T))
    total = graph.apply("Add", total, graph.constant(intercept))
    return graph.single(total) if common.single else total


def dense(
    graph: Graph,
    common: Common,
    values: str,
    layers: Sequence[tuple[Sequence[float], Sequence[float]]],
    activation: str,
) -> str:
    """Return the scores [rows, k] of scaled features, float32 where the layers are."""
    dtype = np.float32 if common.single else np.float64
    values = graph.single(values) if common.single else values
    for depth, (weights, bias) in enumerate(layers):
        matrix = np.reshape(weights, (len(bias), -1)).T
        values = graph.apply(
            "Add", graph.apply("MatMul", values, graph.constant(matrix, dtype)), graph.constant(bias, dtype)
        )
        if depth == len(layers) - 1 or activation == "identity":
            continue
        if activation == "logistic":
            values = graph.sigmoid(values, dtype)
        else:
            values = graph.apply(_ACTIVATIONS[activation], values)
    return values
