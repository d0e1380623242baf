"""A predictor as what is exported is written from: read, checked, and its trees as arrays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pgml.predictors.read.evaluator import evaluator
from pgml.predictors.read.format import LEAF, MISSING_LEFT, parse
from pgml.predictors.read.parts import Common, take_apart
from pgml.predictors.read.stored import predictor_of

_NODE = np.dtype([("number", "<f8"), ("feature", "<u4"), ("left", "<u4")])


class Described(NamedTuple):
    """A model: its family, its features' names, and what its evaluator is told (see ``read.parts``)."""

    family: str
    features: tuple[str, ...]
    common: Common
    parts: tuple


class Tree(NamedTuple):
    """A tree as parallel arrays [n], node 0 its root; children come after their parents.

    ``left`` is the left child, the right one follows it; -1 marks a leaf. ``number`` is a threshold (a value that is
    not above it goes left), or a leaf's value, or its row in the table of leaves.
    """

    left: np.ndarray
    feature: np.ndarray
    number: np.ndarray
    missing_left: np.ndarray

    @property
    def leaves(self) -> int:
        """How many there are."""
        return int(np.count_nonzero(self.left < 0))

    @property
    def depth(self) -> int:
        """How many splits lead to the deepest leaf."""
        depth = np.zeros(len(self.left), dtype=np.int64)
        for node in np.flatnonzero(self.left >= 0):  # in the order of the nodes: each after its parent
            depth[self.left[node] : self.left[node] + 2] = depth[node] + 1
        return int(depth.max())


class Forest(NamedTuple):
    """Trees whose leaves are added up, as ``pgml.predictors.build.forest.predictor`` says.

    ``leaves`` is the table [m * k] of the leaves' scores where there is one a class. ``single_input`` says that
    features are rounded to float32 before they are compared, also because the model adds in float32.
    """

    trees: tuple[Tree, ...]
    scores: Sequence[int] | None
    leaves: Sequence[float] | None
    start: Sequence[float]
    offset: Sequence[float] | None
    weights: Sequence[float] | None
    divisor: float | None
    scale: float | None
    single_input: bool


def described(stored: bytes) -> Described:
    """Return what a predictor that was stored holds; raise CorruptPredictor where its bytes are not sound."""
    predictor = predictor_of(stored)
    evaluator(predictor)  # looks at each node
    about, tensors = parse(predictor)
    family, common, parts = take_apart(about, tensors)
    return Described(family, tuple(about["features"]), common, parts)


def forest_of(model: Described) -> Forest:
    """Return a model of the family forest or oblivious as a forest."""
    if model.family == "oblivious":
        return _oblivious(*model.parts)
    nodes, bounds, scores, leaves, start, offset, weights, divisor, scale, single_input = model.parts
    single_input = single_input or model.common.single
    return Forest(_trees(nodes, bounds), scores, leaves, start, offset, weights, divisor, scale, single_input)


def _trees(nodes: memoryview, bounds: Sequence[int]) -> tuple[Tree, ...]:
    """Return the trees of the family forest, of which each has the nodes from one bound to the next."""
    every = np.frombuffer(nodes, _NODE)
    leaf = (every["feature"] & LEAF) != 0
    joined = Tree(
        np.where(leaf, -1, every["left"].astype(np.int64)),
        np.where(leaf, 0, every["feature"] & (MISSING_LEFT - 1)).astype(np.int64),
        np.where(np.isnan(every["number"]), -np.inf, every["number"]),  # nothing is at most NaN
        ((every["feature"] & MISSING_LEFT) != 0) & ~leaf,
    )
    return tuple(Tree(*(part[first:last] for part in joined)) for first, last in itertools.pairwise(bounds))


def _oblivious(
    columns: Sequence[int],
    borders: Sequence[float],
    splits: Sequence[int],
    depths: Sequence[int],
    leaves: Sequence[float],
    offset: Sequence[float],
    scale: float | None,
) -> Forest:
    """Return a forest of oblivious trees, which compare in float32; what is beyond its range is taken for its end."""
    feature, size, missing_right = np.reshape(columns, (-1, 3)).T
    first = np.concatenate([[0], np.cumsum(size)])
    borders, splits, k = np.asarray(borders), np.asarray(splits), len(offset)
    column = splits >> 8
    border = borders[first[column] + (splits & 0xFF)].astype(np.float64)
    thresholds = np.where(border >= np.finfo(np.float32).max, np.inf, in_double(border))
    trees, question, leaf = [], 0, 0
    for depth in depths:
        own, n_inner = slice(question, question + depth), 2**depth - 1
        level = np.repeat(np.arange(depth), 2 ** np.arange(depth))  # of each inner node
        node, number = np.arange(2 * n_inner + 1), np.zeros(n_inner + 1, np.int64)
        for bit in range(depth):  # the question on the first level is the lowest bit
            number |= (np.arange(n_inner + 1) >> (depth - 1 - bit) & 1) << bit
        ends = np.zeros(n_inner + 1)
        trees.append(
            Tree(
                np.where(node < n_inner, 2 * node + 1, -1),
                np.concatenate([feature[column[own]][level], ends.astype(np.int64)]),
                np.concatenate(
                    [thresholds[own][level], np.asarray(leaves)[leaf + number] if k == 1 else leaf + number]
                ),
                np.concatenate([missing_right[column[own]][level] == 0, ends > 0]),
            )
        )
        question, leaf = question + depth, leaf + 2**depth
    return Forest(
        tuple(trees),
        None,
        None if k == 1 else leaves,
        np.zeros(k),
        offset,
        None,
        None,
        scale,
        single_input=False,
    )


def in_double(thresholds: np.ndarray) -> np.ndarray:
    """Return for each threshold the greatest float64 that is not above it once it is rounded to float32.

    To compare a number with it is the same as rounding the number and comparing it with the threshold.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        below = thresholds.astype(np.float32)
        below = np.where(below > thresholds, np.nextafter(below, np.float32(-np.inf)), below)
        above = np.nextafter(below, np.float32(np.inf)).astype(np.float64)
        # Numbers beyond the largest float32 are rounded as if there were one more, 2 ** 128.
        middle = (below.astype(np.float64) + np.where(np.isinf(above), 2.0**128, above)) / 2.0
        return np.where(middle.astype(np.float32) == below, middle, np.nextafter(middle, -np.inf))
