"""The forest family: walk every tree to a leaf, add the leaves up in order."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Sequence

from pgml.errors import CorruptPredictor
from pgml.predictors.read.format import LEAF, MISSING_LEFT
from pgml.predictors.read.parts import Common
from pgml.predictors.reference.model import Model
from pgml.predictors.reference.rounding import rounding

_NODE = struct.Struct("<dII")
_FEATURE = MISSING_LEFT - 1


def forest(
    common: Common,
    nodes: memoryview,
    trees: Sequence[int],
    scores: Sequence[int] | None,
    leaves: Sequence[float] | None,
    start: Sequence[float],
    offset: Sequence[float] | None,
    weights: Sequence[float] | None,
    divisor: float | None,
    scale: float | None,
    single_input: bool,
) -> Model:
    """Return the model; the arguments are those of ``pgml.predictors.build.forest.predictor``, packed."""
    k, rounded = common.n_scores, rounding(common.single)
    _check(common, nodes, trees, scores, leaves)
    roots = list(trees)[:-1]

    def leaf(root: int, row: Sequence[float]) -> float:
        index = 0
        while True:
            number, feature, left = _NODE.unpack_from(nodes, (root + index) * _NODE.size)
            if feature & LEAF:
                return number
            value = row[feature & _FEATURE]
            goes_left = bool(feature & MISSING_LEFT) if math.isnan(value) else value <= number
            index = left if goes_left else left + 1

    def total(row: Sequence[float]) -> list[float]:
        if weights is not None:
            return [_weighted_median([leaf(root, row) for root in roots], weights)]
        sums = [rounded(value) for value in start]
        for tree, root in enumerate(roots):
            number = leaf(root, row)
            if leaves is not None:
                for score in range(k):
                    sums[score] = rounded(sums[score] + leaves[int(number) * k + score])
            else:
                score = 0 if scores is None else scores[tree]
                sums[score] = rounded(sums[score] + number)
        return sums

    def finished(row: Sequence[float]) -> tuple[list[float], list[float]]:
        sums = total(row)
        if divisor is not None:
            sums = [value / divisor for value in sums]
        if scale is not None:
            sums = [scale * value for value in sums]
        if offset is not None:
            sums = [value + constant for value, constant in zip(sums, offset)]
        return [rounded(value) for value in sums], []

    return Model(common, finished, single_input=single_input)


def _weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the first of the sorted values whose weights, added up, reach half of them all."""
    order = sorted(range(len(values)), key=values.__getitem__)
    sums, running = [], 0.0
    for tree in order:
        running += weights[tree]
        sums.append(running)
    half = 0.5 * sums[-1]
    return values[next((tree for tree, reached in zip(order, sums) if reached >= half), order[0])]


def _check(common: Common, nodes: memoryview, trees: Sequence[int], scores, leaves) -> None:
    """Raise CorruptPredictor where a walk could leave its tree, go on for ever, or name what is not there."""
    n_nodes = len(nodes) // _NODE.size
    bounds = list(trees)
    if len(nodes) % _NODE.size or bounds[0] != 0 or bounds[-1] != n_nodes:
        raise CorruptPredictor("the predictor's trees do not cover its nodes")
    if any(first >= last for first, last in itertools.pairwise(bounds)):
        raise CorruptPredictor("a tree of the predictor has no nodes")
    if scores is not None and any(not 0 <= score < common.n_scores for score in scores):
        raise CorruptPredictor("a tree of the predictor adds to a score that is not there")
    n_leaves = None if leaves is None else len(leaves) // common.n_scores
    for first, last in itertools.pairwise(bounds):
        for index in range(last - first):
            number, feature, left = _NODE.unpack_from(nodes, (first + index) * _NODE.size)
            if feature & LEAF:
                sound = feature == LEAF and left == index
                if n_leaves is not None:
                    sound = sound and 0 <= number < n_leaves and number == int(number)
            else:
                sound = (feature & _FEATURE) < common.n_features and index < left < last - first - 1
            if not sound:
                raise CorruptPredictor(f"node {index} of a tree of the predictor is not sound")
