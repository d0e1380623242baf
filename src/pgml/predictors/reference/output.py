"""What becomes of scores: a value, a label, probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pgml.predictors.read.outputs import CLOSED, WITHOUT_PROBABILITIES
from pgml.predictors.read.parts import Common
from pgml.predictors.reference.rounding import exp, sigmoid, sigmoid_single, single

# Williams and Barber's approximation of the logistic function by error functions
_LAMBDAS = (0.41, 0.4, 0.37, 0.44, 0.39)
_COEFFICIENTS = (-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654)


class Output:
    """The output stage of a model; see ``pgml.predictors.read.outputs`` for the names."""

    def __init__(self, common: Common, platt: Sequence[float] | None):
        self._output = common.output
        self._single = common.single
        self._classes = common.classes
        self._platt = platt
        if common.output.startswith("one_vs_one"):
            self.has_probabilities = platt is not None
        else:
            self.has_probabilities = common.classes is not None and common.output not in WITHOUT_PROBABILITIES

    def answer(self, scores: list[float], variances: list[float]) -> float:
        """Return the value, or the label."""
        if self._classes is None:
            return self._value(scores[0])
        return self._classes[self._index(scores, variances)]

    def probabilities(self, scores: list[float], variances: list[float]) -> list[float]:
        """Return the probability of each class."""
        if self._output == "gaussian_process":
            return _shares(_gaussian(scores, variances), nothing=0.0)
        if self._output == "one_vs_one_calibrated":
            return self._calibrated(scores)
        if self._output.startswith("one_vs_one"):
            return _coupled(_platt(scores, self._platt), len(self._classes))
        return _PROBABILITIES[self._output](scores, self._single)

    def _calibrated(self, scores: list[float]) -> list[float]:
        n_classes = len(self._classes)
        decisions = _votes_and_confidence([s < 0 for s in scores], [-s for s in scores], n_classes)
        return _shares(
            [sigmoid(-(d * self._platt[i] + self._platt[n_classes + i])) for i, d in enumerate(decisions)]
        )

    def _value(self, score: float) -> float:
        if self._output == "exp":
            return single(exp(score)) if self._single else exp(score)
        if self._output == "sigmoid":
            return sigmoid_single(score) if self._single else sigmoid(score)
        return score

    def _index(self, scores: list[float], variances: list[float]) -> int:
        n_classes = len(self._classes)
        if self._output == "one_vs_one":
            return _first_highest(_libsvm_votes(scores, n_classes))
        if self._output == "one_vs_one_ties":
            return _first_highest(_votes_and_confidence([s < 0 for s in scores], [-s for s in scores], n_classes))
        if self._output == "one_vs_one_calibrated":
            return _first_highest(self._calibrated(scores))
        if self._output == "gaussian_process_votes":
            confidences = _gaussian(scores, variances)
            return _first_highest(_votes_and_confidence([s > 0 for s in scores], confidences, n_classes))
        if self._output == "gaussian_process" and len(scores) > 1:
            return _first_highest(_gaussian(scores, variances))
        if self._single and self._output in ("logistic", "softmax"):
            return _first_highest(self.probabilities(scores, variances))
        if len(scores) > 1 or n_classes == 1:
            return _first_highest(scores)
        return int(scores[0] >= 0 if self._output in CLOSED else scores[0] > 0)


def _first_highest(values: Sequence[float]) -> int:
    best = 0
    for index, value in enumerate(values):
        if value > values[best]:
            best = index
    return best


def _two(second: float) -> list[float]:
    return [1.0 - second, second]


def _shares(parts: list[float], nothing: float | None = None) -> list[float]:
    """Return two probabilities of one, or the parts divided by their sum.

    Where they are all zero, each is ``nothing``, or, without it, its share of one.
    """
    if len(parts) == 1:
        return _two(parts[0])
    total = _added(parts)
    if total == 0:
        return [1.0 / len(parts) if nothing is None else nothing] * len(parts)
    return [part / total for part in parts]


def _added(values: Sequence[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def _logistic(scores: list[float], is_single: bool) -> list[float]:
    if is_single:
        second = sigmoid_single(scores[0])
        return [single(1.0 - second), second]
    return _two(sigmoid(scores[0]))


def _softmax(scores: Sequence[float], is_single: bool = False) -> list[float]:
    highest = max(scores)
    if is_single:
        powers = [single(exp(single(score - highest))) for score in scores]
        total = single(_added(powers))
        return [single(part / total) for part in powers]
    powers = [exp(score - highest) for score in scores]
    total = _added(powers)
    return [part / total for part in powers]


def _modified_huber(scores: list[float], is_single: bool) -> list[float]:
    return _shares([(min(max(score, -1.0), 1.0) + 1.0) / 2.0 for score in scores])


def _samme(scores: list[float], is_single: bool) -> list[float]:
    if len(scores) == 1:
        return _softmax([-scores[0] / 2.0, scores[0] / 2.0])
    return _softmax([score / (len(scores) - 1) for score in scores])


_PROBABILITIES: dict[str, Callable[[list[float], bool], list[float]]] = {
    "logistic": _logistic,
    "logistic_closed": _logistic,
    "exponential": lambda scores, is_single: _two(sigmoid(2.0 * scores[0])),
    "softmax": _softmax,
    "one_vs_rest": lambda scores, is_single: _shares([sigmoid(score) for score in scores]),
    "modified_huber": _modified_huber,
    "probability": lambda scores, is_single: list(scores),
    "samme": _samme,
}


def _gaussian(means: Sequence[float], variances: Sequence[float]) -> list[float]:
    """Return the mean of the logistic function of Gaussians with these means and variances."""
    result = []
    for mean, variance in zip(means, variances):
        total = 0.0
        for width, coefficient in zip(_LAMBDAS, _COEFFICIENTS):
            spread = 1.0 + 2.0 * variance * width * width
            total += coefficient * (0.5 * math.erf(width * mean / math.sqrt(spread)) if spread > 0 else math.nan)
        result.append(total + 0.5 * _added(_COEFFICIENTS))
    return result


def _pair_indices(n_classes: int):
    return ((i, j) for i in range(n_classes) for j in range(i + 1, n_classes))


def _libsvm_votes(scores: Sequence[float], n_classes: int) -> list[float]:
    votes = [0.0] * n_classes
    for (i, j), score in zip(_pair_indices(n_classes), scores):
        votes[i if score > 0 else j] += 1.0
    return votes


def _votes_and_confidence(seconds: Sequence[bool], confidences: Sequence[float], n_classes: int) -> list[float]:
    """Return the votes plus what breaks ties: the summed confidence, squeezed into (-1/3, 1/3).

    ``seconds`` says of each pair whether its second class won, ``confidences`` how much speaks for it.
    """
    votes, sums = [0.0] * n_classes, [0.0] * n_classes
    for (i, j), second, confidence in zip(_pair_indices(n_classes), seconds, confidences):
        votes[j if second else i] += 1.0
        sums[i] -= confidence
        sums[j] += confidence
    return [vote + value / (3.0 * (abs(value) + 1.0)) for vote, value in zip(votes, sums)]


def _platt(scores: Sequence[float], platt: Sequence[float]) -> list[float]:
    """Return Platt's probability of the first class of each pair, kept away from 0 and 1 as libsvm does."""
    n_pairs = len(scores)
    return [
        min(max(sigmoid(-(score * platt[pair] + platt[n_pairs + pair])), 1e-7), 1.0 - 1e-7)
        for pair, score in enumerate(scores)
    ]


def _coupled(pairs: Sequence[float], n_classes: int) -> list[float]:
    """Return the class probabilities p that fit those of pairs best: Wu, Lin and Weng (2004), second method.

    They minimise p'Qp under sum(p) = 1, by coordinates, with libsvm's tolerance and number of rounds.
    """
    r = [[0.0] * n_classes for _ in range(n_classes)]
    for (i, j), probability in zip(_pair_indices(n_classes), pairs):
        r[i][j], r[j][i] = probability, 1.0 - probability
    everyone = range(n_classes)
    q = [[-r[j][i] * r[i][j] for j in everyone] for i in everyone]
    for i in everyone:
        q[i][i] = _added([r[j][i] * r[j][i] for j in everyone if j != i])
    p = [1.0 / n_classes] * n_classes
    for _ in range(max(100, n_classes)):
        qp = [_added([q[i][j] * p[j] for j in everyone]) for i in everyone]
        pqp = _added([p[i] * qp[i] for i in everyone])
        if max(abs(value - pqp) for value in qp) < 0.005 / n_classes:
            break
        for i in everyone:
            step = (pqp - qp[i]) / q[i][i]
            p[i] += step
            pqp = (pqp + step * (step * q[i][i] + 2.0 * qp[i])) / (1.0 + step) / (1.0 + step)
            for j in everyone:
                qp[j] = (qp[j] + step * q[i][j]) / (1.0 + step)
                p[j] /= 1.0 + step
    return p
