"""What becomes of scores in ONNX: values, or labels and probabilities, as ``pgml.predictors.read.outputs`` defines them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from pgml.predictors.export.onnx.graph import Graph
from pgml.predictors.read.outputs import CLOSED
from pgml.predictors.read.parts import Common


def value(graph: Graph, common: Common, scores: str) -> str:
    """Return the values [rows, 1] of a regression, float64."""
    if common.output == "exp":
        powers = graph.apply("Exp", graph.double(scores))
        return graph.double(graph.single(powers)) if common.single else powers
    if common.output == "sigmoid":
        return graph.double(_sigmoid_single(graph, scores) if common.single else graph.sigmoid(scores))
    return graph.double(scores) if common.single else scores


def label_index(graph: Graph, common: Common, scores: str, likely: str | None) -> str:
    """Return the index of each row's label [rows]; ``likely`` are the probabilities, where there are any."""
    n_classes = len(common.classes)
    if common.output == "one_vs_one":
        votes = _votes(graph, graph.apply("Greater", scores, graph.constant(0.0)), n_classes, first_wins=True)
        return _first_highest(graph, votes)
    if common.output == "one_vs_one_ties":
        return _first_highest(graph, _votes_and_confidence(graph, scores, n_classes))
    if likely is not None and (
        common.output == "one_vs_one_calibrated"
        or (common.single and common.output in ("logistic", "softmax"))
    ):
        return _first_highest(graph, likely)
    if common.n_scores > 1 or n_classes == 1:
        return _first_highest(graph, scores)
    operator = "GreaterOrEqual" if common.output in CLOSED else "Greater"
    zero = graph.constant(0.0, np.float32 if common.single else np.float64)
    return graph.apply(
        "Squeeze", graph.whole(graph.apply(operator, scores, zero)), graph.constant([1], np.int64)
    )


def probabilities(graph: Graph, common: Common, scores: str, platt: Sequence[float] | None) -> str | None:
    """Return the probabilities [rows, classes], float32 or float64; None where the model gives none."""
    if common.output == "one_vs_one_calibrated":
        n_classes = len(common.classes)
        slopes, offsets = (graph.constant(part) for part in np.reshape(platt, (2, n_classes)))
        decisions = _votes_and_confidence(graph, scores, n_classes)
        power = graph.apply("Add", graph.apply("Mul", decisions, slopes), offsets)
        return _shares(graph, graph.sigmoid(graph.apply("Neg", power)), n_classes)
    write = _PROBABILITIES.get(common.output)
    if common.single and write not in (_logistic, _softmax):
        scores = graph.double(scores)
    return None if write is None else write(graph, common, scores)


def _first_highest(graph: Graph, values: str) -> str:
    return graph.apply("ArgMax", values, axis=1, keepdims=0)


def _two(graph: Graph, second: str, dtype: type = np.float64) -> str:
    first = graph.apply("Sub", graph.constant(1.0, dtype), second)
    return graph.apply("Concat", first, second, axis=1)


def _sum(graph: Graph, values: str) -> str:
    return graph.apply("ReduceSum", values, graph.constant([1], np.int64), keepdims=1)


def _shares(graph: Graph, parts: str, n_scores: int) -> str:
    """Return two probabilities of one, or the parts divided by their sum; all the same where they are zero."""
    if n_scores == 1:
        return _two(graph, parts)
    total = _sum(graph, parts)
    nothing = graph.apply("Equal", total, graph.constant(0.0))
    divisor = graph.apply("Where", nothing, graph.constant(1.0), total)
    return graph.apply("Where", nothing, graph.constant(1.0 / n_scores), graph.apply("Div", parts, divisor))


def _logistic(graph: Graph, common: Common, scores: str) -> str:
    if common.single:
        return _two(graph, _sigmoid_single(graph, scores), np.float32)
    if common.output == "exponential":
        scores = graph.apply("Mul", scores, graph.constant(2.0))
    return _two(graph, graph.sigmoid(scores))


def _sigmoid_single(graph: Graph, scores: str) -> str:
    """Return the sigmoid as XGBoost computes it, rounded to float32 after each step."""
    one = graph.constant(1.0, np.float32)
    power = graph.apply("Min", graph.apply("Neg", scores), graph.constant(88.7, np.float32))
    power = graph.single(graph.apply("Exp", graph.double(power)))
    return graph.apply("Div", one, graph.apply("Add", power, one))


def _softmax(graph: Graph, common: Common, scores: str) -> str:
    if not common.single:
        return graph.apply("Softmax", scores, axis=1)
    highest = graph.apply("ReduceMax", scores, graph.constant([1], np.int64), keepdims=1)
    powers = graph.single(graph.apply("Exp", graph.double(graph.apply("Sub", scores, highest))))
    return graph.apply("Div", powers, graph.single(_sum(graph, graph.double(powers))))


def _one_vs_rest(graph: Graph, common: Common, scores: str) -> str:
    return _shares(graph, graph.sigmoid(scores), common.n_scores)


def _modified_huber(graph: Graph, common: Common, scores: str) -> str:
    bounded = graph.apply("Clip", scores, graph.constant(-1.0), graph.constant(1.0))
    half = graph.apply("Div", graph.apply("Add", bounded, graph.constant(1.0)), graph.constant(2.0))
    return _shares(graph, half, common.n_scores)


def _samme(graph: Graph, common: Common, scores: str) -> str:
    if common.n_scores == 1:
        half = graph.apply("Div", scores, graph.constant(2.0))
        return graph.apply("Softmax", graph.apply("Concat", graph.apply("Neg", half), half, axis=1), axis=1)
    return graph.apply(
        "Softmax", graph.apply("Div", scores, graph.constant(float(common.n_scores - 1))), axis=1
    )


_PROBABILITIES: dict[str, Callable[[Graph, Common, str], str]] = {
    "logistic": _logistic,
    "logistic_closed": _logistic,
    "exponential": _logistic,
    "softmax": _softmax,
    "one_vs_rest": _one_vs_rest,
    "modified_huber": _modified_huber,
    "probability": lambda graph, common, scores: scores,
    "samme": _samme,
}


def _members(n_classes: int) -> np.ndarray:
    """Return which class is the first and which the second of each pair, one-hot: [2, pairs, classes]."""
    pairs = np.array(list(itertools.combinations(range(n_classes), 2)))
    return np.eye(n_classes)[pairs.T]


def _votes(graph: Graph, wins: str, n_classes: int, first_wins: bool) -> str:
    """Return the votes [rows, classes]; ``wins`` says of each pair whether its first class won, or its second."""
    first, second = _members(n_classes)
    if not first_wins:
        first, second = second, first
    # each pair votes for the one, and where it was won for the other instead
    won = graph.apply("MatMul", graph.double(wins), graph.constant(first - second))
    return graph.apply("Add", won, graph.constant(second.sum(axis=0)))


def _votes_and_confidence(graph: Graph, scores: str, n_classes: int) -> str:
    """Return the votes plus what breaks ties; see ``reference.output``."""
    first, second = _members(n_classes)
    votes = _votes(graph, graph.apply("Less", scores, graph.constant(0.0)), n_classes, first_wins=False)
    sums = graph.apply("MatMul", scores, graph.constant(first - second))
    size = graph.apply("Add", graph.apply("Abs", sums), graph.constant(1.0))
    return graph.apply("Add", votes, graph.apply("Div", sums, graph.apply("Mul", size, graph.constant(3.0))))
