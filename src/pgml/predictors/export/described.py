"""A predictor as what is exported is written from: read, checked, and its trees as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pgml.predictors.read.evaluator import evaluator
from pgml.predictors.read.format import LEAF, MISSING_LEFT, NODE_BYTES, parse
from pgml.predictors.read.parts import Common, take_apart

_NODE = np.dtype([("number", "<f8"), ("feature", "<u4"), ("left", "<u4")])


class Described(NamedTuple):
    """A model: its family, its features' names, and what its evaluator is told (see ``read.parts``)."""

    family: str
    features: tuple[str, ...]
    common: Common
    parts: tuple


class Forest(NamedTuple):
    """The parts of a forest, as ``reference.forest`` takes them; ``single_input`` also where it adds in float32."""

    nodes: memoryview
    trees: memoryview
    scores: memoryview | None
    leaves: memoryview | None
    start: memoryview
    offset: memoryview | None
    weights: memoryview | None
    divisor: float | None
    scale: float | None
    single_input: bool


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


def described(predictor: bytes) -> Described:
    """Return what the bytes of a predictor hold; raise CorruptPredictor where they are not sound."""
    evaluator(predictor)  # looks at each node
    about, tensors = parse(predictor)
    family, common, parts = take_apart(about, tensors)
    return Described(family, tuple(about["features"]), common, parts)


def forest_of(model: Described) -> Forest:
    """Return the parts of a model that is a forest."""
    parts = Forest(*model.parts)
    return parts._replace(single_input=parts.single_input or model.common.single)


def trees(forest: Forest) -> Iterator[Tree]:
    """Yield the trees of a forest."""
    nodes = np.frombuffer(forest.nodes, _NODE)
    bounds = np.asarray(forest.trees)
    assert nodes.itemsize == NODE_BYTES
    for first, last in zip(bounds[:-1], bounds[1:]):
        each = nodes[first:last]
        leaf = (each["feature"] & LEAF) != 0
        yield Tree(
            np.where(leaf, -1, each["left"].astype(np.int64)),
            np.where(leaf, 0, each["feature"] & (MISSING_LEFT - 1)).astype(np.int64),
            np.where(np.isnan(each["number"]), -np.inf, each["number"]),  # nothing is at most NaN
            ((each["feature"] & MISSING_LEFT) != 0) & ~leaf,
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
