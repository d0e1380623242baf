"""The kernel family: scores = coefficients . k(vectors, x) + intercept, for one or several machines."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

from pgml.predictors.read.format import PANEL
from pgml.predictors.read.parts import Common
from pgml.predictors.reference.model import Model
from pgml.predictors.reference.rounding import divide, exp, power


def kernel(
    common: Common,
    machines: Sequence[tuple[Sequence, int, int, int, bool]],
    vectors: Sequence[float],
    coefficients: Sequence[float],
    intercept: Sequence[float],
    whiteners: Sequence[float] | None,
    class_sizes: Sequence[int] | None,
    platt: Sequence[float] | None,
) -> Model:
    """Return the model; a machine is (expression, first vector, vectors, rows of coefficients, has a whitener)."""
    n = common.n_features

    def vector(row: int) -> list[float]:
        begin = row // PANEL * PANEL * n + row % PANEL
        return [vectors[begin + feature * PANEL] for feature in range(n)]

    unpacked = [[vector(first + row) for row in range(m)] for _, first, m, _, _ in machines]

    def scores(row: Sequence[float]) -> tuple[list[float], list[float]]:
        result, variances, place, whitener_place = [], [], 0, 0
        for (expression, _, m, rows, has_whitener), support in zip(machines, unpacked):
            values = [evaluate(expression, row, other) for other in support]
            weights = [coefficients[place + i * m : place + (i + 1) * m] for i in range(rows)]
            place += rows * m
            if class_sizes is None:
                result.extend(_dot(line, values) for line in weights)
            else:
                result.extend(_pairs(weights, values, class_sizes))
            if has_whitener:
                variance = evaluate(expression, row, row, same=True)
                for i in range(m):
                    begin = whitener_place + i * m
                    variance -= _dot(whiteners[begin : begin + i + 1], values) ** 2
                variances.append(variance)
                whitener_place += m * m
        return [score + constant for score, constant in zip(result, intercept)], variances

    return Model(common, scores, platt=platt)


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    total = 0.0
    for one, other in zip(left, right):
        total += one * other
    return total


def _pairs(weights: Sequence[Sequence[float]], values: Sequence[float], sizes: Sequence[int]) -> list[float]:
    """Return libsvm's scores of the pairs of classes (0, 1), (0, 2), ..., (1, 2), ...

    The vectors are sorted by class. Against class j, those of class i < j have row j - 1 of the coefficients;
    against class i, those of class j have row i.
    """
    starts = [sum(sizes[:index]) for index in range(len(sizes) + 1)]

    def part(line: int, of: int) -> float:
        return _dot(weights[line][starts[of] : starts[of + 1]], values[starts[of] : starts[of + 1]])

    return [part(j - 1, i) + part(i, j) for i in range(len(sizes)) for j in range(i + 1, len(sizes))]


def evaluate(expression: Sequence, u: Sequence[float], v: Sequence[float], same: bool = False) -> float:
    """Return the kernel ``expression`` of two vectors; ``same`` says that they are one point, not two alike."""
    name, *arguments = expression
    if name == "sum":
        return evaluate(arguments[0], u, v, same) + evaluate(arguments[1], u, v, same)
    if name == "product":
        return evaluate(arguments[0], u, v, same) * evaluate(arguments[1], u, v, same)
    if name == "power":
        return power(evaluate(arguments[0], u, v, same), arguments[1])
    if name == "white":
        return arguments[0] if same else 0.0
    return _LEAVES[name](u, v, *arguments)


def _squared(u: Sequence[float], v: Sequence[float]) -> float:
    return sum((one - other) ** 2 for one, other in zip(u, v))


def _scaled(u: Sequence[float], v: Sequence[float], lengths: Sequence[float]) -> float:
    if len(lengths) == 1:
        lengths = lengths * len(u)
    return sum(divide(one - other, length) ** 2 for one, other, length in zip(u, v, lengths))


def _matern_3(u: Sequence[float], v: Sequence[float], *lengths: float) -> float:
    r = math.sqrt(3.0 * _scaled(u, v, lengths))
    return (1.0 + r) * exp(-r)


def _matern_5(u: Sequence[float], v: Sequence[float], *lengths: float) -> float:
    r = math.sqrt(5.0 * _scaled(u, v, lengths))
    return (1.0 + r + r * r / 3.0) * exp(-r)


def _cosine(u: Sequence[float], v: Sequence[float]) -> float:
    return _dot(u, v) / (_norm(u) * _norm(v))


def _norm(u: Sequence[float]) -> float:
    """Return the length of a vector, or 1 where it is next to nothing, as scikit-learn's normalize takes it."""
    norm = math.sqrt(_dot(u, u))
    return 1.0 if norm < 10.0 * sys.float_info.epsilon else norm


def _exponential_sine_squared(u: Sequence[float], v: Sequence[float], length: float, period: float) -> float:
    return exp(-2.0 * divide(math.sin(math.pi * divide(math.sqrt(_squared(u, v)), period)), length) ** 2)


_LEAVES: dict[str, Callable[..., float]] = {
    "linear": _dot,
    "polynomial": lambda u, v, gamma, coef0, degree: power(gamma * _dot(u, v) + coef0, degree),
    "sigmoid": lambda u, v, gamma, coef0: math.tanh(gamma * _dot(u, v) + coef0),
    "cosine": _cosine,
    "rbf": lambda u, v, gamma: exp(-gamma * _squared(u, v)),
    "laplacian": lambda u, v, gamma: exp(-gamma * sum(abs(one - other) for one, other in zip(u, v))),
    "constant": lambda u, v, value: value,
    "dot_product": lambda u, v, variance: variance + _dot(u, v),
    "exponential_sine_squared": _exponential_sine_squared,
    "gaussian": lambda u, v, *lengths: exp(-0.5 * _scaled(u, v, lengths)),
    "matern_1": lambda u, v, *lengths: exp(-math.sqrt(_scaled(u, v, lengths))),
    "matern_3": _matern_3,
    "matern_5": _matern_5,
    "rational_quadratic": lambda u, v, alpha, *lengths: power(
        1.0 + divide(_scaled(u, v, lengths), 2.0 * alpha), -alpha
    ),
}
