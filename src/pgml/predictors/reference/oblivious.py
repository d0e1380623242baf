"""The oblivious family: the answers on a tree's levels, read as bits, number its leaf; add the leaves up in order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from pgml.errors import CorruptPredictor
from pgml.predictors.read.format import DEEPEST, MOST_BORDERS
from pgml.predictors.read.parts import Common
from pgml.predictors.reference.model import Model
from pgml.predictors.reference.rounding import single

_LARGEST = (2.0 - 2.0**-23) * 2.0**127  # of float32


def oblivious(
    common: Common,
    columns: Sequence[int],
    borders: Sequence[float],
    splits: memoryview,
    depths: Sequence[int],
    leaves: Sequence[float],
    offset: Sequence[float],
    scale: float | None,
) -> Model:
    """Return the model; the arguments are those of ``pgml.predictors.build.oblivious.predictor``, packed."""
    k = common.n_scores
    _check(common, columns, borders, splits, depths, leaves)
    sizes = columns[1::3]
    first = [0, *itertools.accumulate(sizes)]
    # of each split: the feature, the border, and whether a missing value exceeds it
    questions = [
        (columns[3 * column], borders[first[column] + place], bool(columns[3 * column + 2]))
        for column, place in map(_taken_apart, splits)
    ]

    def scores(row: Sequence[float]) -> tuple[list[float], list[float]]:
        sums, question, leaf = [0.0] * k, 0, 0
        for depth in depths:
            number = sum(
                _exceeds(row[feature], border, missing_right) << level
                for level, (feature, border, missing_right) in enumerate(questions[question : question + depth])
            )
            for score in range(k):
                sums[score] += leaves[(leaf + number) * k + score]
            question, leaf = question + depth, leaf + 2**depth
        if scale is not None:
            sums = [scale * value for value in sums]
        return [value + constant for value, constant in zip(sums, offset)], []

    return Model(common, scores)


def _taken_apart(split: int) -> tuple[int, int]:
    return split >> 8, split & 0xFF


def _exceeds(value: float, border: float, missing_right: bool) -> bool:
    if math.isnan(value):
        return missing_right
    return max(-_LARGEST, min(single(value), _LARGEST)) > border


def _check(common: Common, columns, borders, splits, depths, leaves) -> None:
    """Raise CorruptPredictor where a column, a split or a tree names what is not there."""
    features, sizes, flags = columns[::3], columns[1::3], columns[2::3]
    if not all(0 <= feature < common.n_features for feature in features) or not set(flags) <= {0, 1}:
        raise CorruptPredictor("a column of the predictor is of a feature that is not there")
    if not all(1 <= size <= MOST_BORDERS for size in sizes):
        raise CorruptPredictor("a column of the predictor has no borders, or too many")
    if sum(sizes) + sum(sizes) % 2 != len(borders):
        raise CorruptPredictor("the predictor's borders do not fit its columns")
    start = 0
    for size in sizes:
        own = list(borders[start : start + size])
        if math.isnan(own[0]) or not all(low <= high for low, high in itertools.pairwise(own)):
            raise CorruptPredictor("the borders of a column of the predictor are not sorted")
        start += size
    for column, place in map(_taken_apart, splits):
        if column >= len(sizes) or place >= sizes[column]:
            raise CorruptPredictor("a tree of the predictor compares with a border that is not there")
    if not all(0 <= depth <= DEEPEST for depth in depths):
        raise CorruptPredictor("a tree of the predictor is of a depth that there is not")
    if sum(depths) != len(splits) or sum(2**depth for depth in depths) * common.n_scores != len(leaves):
        raise CorruptPredictor("the predictor's splits and leaves do not fit its trees")
