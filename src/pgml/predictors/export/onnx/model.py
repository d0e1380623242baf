"""A predictor as a model in the ONNX format."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from pgml.errors import NotExportable
from pgml.predictors.export.described import described, forest_of
from pgml.predictors.export.onnx import answer, forest, kernel, layers
from pgml.predictors.export.onnx.graph import Graph
from pgml.predictors.read.parts import Common


def to_onnx(predictor: bytes, about: Mapping[str, str]) -> bytes:
    """Return a model of the input ``features``, float64 [rows, n_features], raw and in the model's order.

    Its outputs are ``prediction``, float64 [rows], of a regression; of a classification ``label`` [rows], int64 or, for
    labels that are no whole numbers, float64, and ``probabilities``, float64 [rows, classes], where there are any.
    NaN is a missing value. Rows that the predictor refuses have answers without meaning. ``about`` is kept in the
    model with the names of the features. Raises NotExportable where the format has no operators for it.
    """
    model = described(predictor)
    common = model.common
    graph = Graph(common.n_features)
    values = _scaled(graph, common)
    platt = None
    if model.family == "linear":
        scores = layers.linear(graph, common, values, *model.parts)
    elif model.family == "dense":
        scores = layers.dense(graph, common, values, *model.parts)
    elif model.family in ("forest", "oblivious"):
        scores = forest.scores(graph, common, forest_of(model), values)
    elif model.family == "kernel":
        machines, vectors, coefficients, intercept, _, class_sizes, platt = model.parts
        _check_kernel(common, platt)
        scores = kernel.scores(graph, common, values, machines, vectors, coefficients, intercept, class_sizes)
    else:
        raise NotExportable(
            "a model that only its plugin's own code can evaluate has no form in ONNX",
            hint="the format native is what the plugin saved of it",
        )
    _answer(graph, common, scores, platt)
    names = json.dumps(model.features, ensure_ascii=False)
    return graph.model({**about, "features": names})


def _scaled(graph: Graph, common: Common) -> str:
    if common.center is None:
        return graph.features
    centered = graph.apply("Sub", graph.features, graph.constant(common.center))
    return graph.apply("Div", centered, graph.constant(common.scale))


def _answer(graph: Graph, common: Common, scores: str, platt: object) -> None:
    if common.classes is None:
        predictions = answer.value(graph, common, scores)
        predictions = graph.apply("Squeeze", predictions, graph.constant([1], np.int64))
        graph.output("prediction", predictions, np.float64, ["rows"])
        return
    likely = answer.probabilities(graph, common, scores, platt)
    index = answer.label_index(graph, common, scores, likely)
    labels = np.asarray(common.classes)
    dtype = (
        np.int64 if np.all(labels == np.round(labels)) and np.all(np.abs(labels) < 2.0**53) else np.float64
    )
    graph.output("label", graph.apply("Gather", graph.constant(labels, dtype), index), dtype, ["rows"])
    if likely is not None:
        graph.output("probabilities", graph.double(likely), np.float64, ["rows", len(labels)])


def _check_kernel(common: Common, platt: object) -> None:
    """Raise NotExportable for outputs that there are no operators for."""
    if common.output.startswith("gaussian_process"):
        raise NotExportable(
            "a Gaussian process for classification has no form in ONNX: the error function that it needs is there in "
            "single precision only",
            hint="the format native is scikit-learn's own model",
        )
    if platt is not None and common.output != "one_vs_one_calibrated":
        raise NotExportable(
            "a support vector machine whose probabilities are coupled from those of pairs has no form in ONNX",
            hint="the format safetensors is the predictor as pgml evaluates it",
        )
