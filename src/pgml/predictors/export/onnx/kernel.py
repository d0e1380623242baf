"""The scores of kernel machines in ONNX, for every kernel there is."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

import numpy as np

from pgml.predictors.export.onnx.graph import Graph
from pgml.predictors.read.format import PANEL
from pgml.predictors.read.parts import Common


def scores(
    graph: Graph,
    common: Common,
    values: str,
    machines: Sequence[tuple[Sequence, int, int, int, bool]],
    vectors: Sequence[float],
    coefficients: Sequence[float],
    intercept: Sequence[float],
    class_sizes: Sequence[int] | None,
) -> str:
    """Return the scores [rows, k] of scaled features, those of all machines side by side."""
    panels = np.reshape(vectors, (-1, common.n_features, PANEL))
    every = panels.transpose(0, 2, 1).reshape(-1, common.n_features)
    columns, place = [], 0
    for expression, first, count, rows, _ in machines:
        weights = np.reshape(coefficients[place : place + rows * count], (rows, count))
        place += rows * count
        if class_sizes is not None:
            weights = _pairs(weights, np.asarray(class_sizes))
        kernel = Kernel(graph, values, every[first : first + count]).evaluate(expression)
        columns.append(graph.apply("MatMul", kernel, graph.constant(weights.T)))
    total = columns[0] if len(columns) == 1 else graph.apply("Concat", *columns, axis=1)
    return graph.apply("Add", total, graph.constant(intercept))


def _pairs(weights: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the coefficients [pairs, m] of libsvm's pairs of classes; see ``reference.kernel``."""
    of_class = np.repeat(np.arange(len(sizes)), sizes)
    return np.array(
        [
            np.where(of_class == i, weights[j - 1], 0.0) + np.where(of_class == j, weights[i], 0.0)
            for i in range(len(sizes))
            for j in range(i + 1, len(sizes))
        ]
    )


class Kernel:
    """A kernel between the rows of the features and vectors [m, n_features]: matrices [rows, m]."""

    def __init__(self, graph: Graph, values: str, vectors: np.ndarray):
        self._graph = graph
        self._values = values
        self._vectors = vectors

    def evaluate(self, expression: Sequence) -> str:
        """Return the matrix of a kernel, written as ``read.expressions`` has it."""
        name, *arguments = expression
        if name in ("sum", "product"):
            return self._apply({"sum": "Add", "product": "Mul"}[name], *map(self.evaluate, arguments))
        if name == "power":
            return self._apply("Pow", self.evaluate(arguments[0]), arguments[1])
        return _LEAVES[name](self, *arguments)

    def _apply(self, operator: str, *inputs: str | float) -> str:
        """Return the result of an operation on matrices and numbers."""
        return self._graph.apply(
            operator, *(each if isinstance(each, str) else self._graph.constant(each) for each in inputs)
        )

    def dot(self) -> str:
        return self._apply("MatMul", self._values, self._graph.constant(self._vectors.T))

    def squared(self, lengths: Sequence[float] = (1.0,)) -> str:
        """Return the squared distances, each feature divided by its length or all by one.

        They are sums of squares less twice the products: seen from the middle of the vectors little is lost to rounding.
        """
        middle, lengths = self._vectors.mean(axis=0), np.asarray(lengths)
        vectors = (self._vectors - middle) / lengths
        values = self._apply("Sub", self._values, self._graph.constant(middle))
        values = self._apply("Div", values, self._graph.constant(lengths))
        own = self._graph.apply("ReduceSumSquare", values, self._graph.constant([1], np.int64), keepdims=1)
        products = self._apply("MatMul", values, self._graph.constant(-2.0 * vectors.T))
        total = self._apply(
            "Add", self._apply("Add", own, products), self._graph.constant((vectors**2).sum(axis=1))
        )
        return self._apply("Max", total, 0.0)

    def absolute(self) -> str:
        """Return the sums of absolute differences."""
        return self._graph.apply("ReduceL1", self._apart(), self._graph.constant([2], np.int64), keepdims=0)

    def distance(self, lengths: Sequence[float]) -> str:
        """Return the distances, near 0 as exact as elsewhere: the root of a square would not be."""
        scaled = self._apply("Div", self._apart(), self._graph.constant(lengths))
        return self._graph.apply("ReduceL2", scaled, self._graph.constant([2], np.int64), keepdims=0)

    def _apart(self) -> str:
        """Return the differences of rows and vectors, [rows, m, n_features]."""
        values = self._graph.apply("Unsqueeze", self._values, self._graph.constant([1], np.int64))
        return self._apply("Sub", values, self._graph.constant(self._vectors[None]))

    def constant(self, value: float) -> str:
        """Return a matrix of one number."""
        return self._apply("Add", self._apply("Mul", self.dot(), 0.0), value)

    def cosine(self) -> str:
        lengths = np.linalg.norm(self._vectors, axis=1)
        least = 10.0 * sys.float_info.epsilon
        square = self._graph.apply(
            "ReduceSumSquare", self._values, self._graph.constant([1], np.int64), keepdims=1
        )
        own = self._apply("Sqrt", square)
        own = self._apply("Where", self._apply("Less", own, least), 1.0, own)
        products = self._apply(
            "Div", self.dot(), self._graph.constant(np.where(lengths < least, 1.0, lengths))
        )
        return self._apply("Div", products, own)

    def exponential(self, power: str, factor: float) -> str:
        return self._apply("Exp", self._apply("Mul", power, factor))

    def matern(self, lengths: Sequence[float], factor: float, cubed: bool) -> str:
        """Return (1 + r) exp(-r), plus r ** 2 / 3 in the sum where ``cubed``, of r = sqrt(factor) times the distance."""
        r = self._apply("Sqrt", self._apply("Mul", self.squared(lengths), factor))
        total = self._apply("Add", r, 1.0)
        if cubed:
            total = self._apply("Add", total, self._apply("Div", self._apply("Mul", r, r), 3.0))
        return self._apply("Mul", total, self.exponential(r, -1.0))

    def affine(self, gamma: float, coef0: float) -> str:
        """Return gamma u.v + coef0."""
        return self._apply("Add", self._apply("Mul", self.dot(), gamma), coef0)

    def sine(self, length: float, period: float) -> str:
        angle = self._apply("Mul", self._apply("Sqrt", self.squared()), math.pi / period)
        ratio = self._apply("Div", self._apply("Sin", angle), length)
        return self.exponential(self._apply("Mul", ratio, ratio), -2.0)

    def rational(self, alpha: float, lengths: Sequence[float]) -> str:
        base = self._apply("Add", self._apply("Div", self.squared(lengths), 2.0 * alpha), 1.0)
        return self._apply("Pow", base, -alpha)


_LEAVES: dict[str, Callable[..., str]] = {
    "linear": Kernel.dot,
    "polynomial": lambda kernel, gamma, coef0, degree: kernel._apply(
        "Pow", kernel.affine(gamma, coef0), degree
    ),
    "sigmoid": lambda kernel, gamma, coef0: kernel._apply("Tanh", kernel.affine(gamma, coef0)),
    "cosine": Kernel.cosine,
    "rbf": lambda kernel, gamma: kernel.exponential(kernel.squared(), -gamma),
    "laplacian": lambda kernel, gamma: kernel.exponential(kernel.absolute(), -gamma),
    "constant": Kernel.constant,
    "white": lambda kernel, noise: kernel.constant(0.0),  # no row is one of the vectors
    "dot_product": lambda kernel, variance: kernel._apply("Add", kernel.dot(), variance),
    "exponential_sine_squared": Kernel.sine,
    "gaussian": lambda kernel, *lengths: kernel.exponential(kernel.squared(lengths), -0.5),
    "matern_1": lambda kernel, *lengths: kernel.exponential(kernel.distance(lengths), -1.0),
    "matern_3": lambda kernel, *lengths: kernel.matern(lengths, 3.0, cubed=False),
    "matern_5": lambda kernel, *lengths: kernel.matern(lengths, 5.0, cubed=True),
    "rational_quadratic": lambda kernel, alpha, *lengths: kernel.rational(alpha, lengths),
}
