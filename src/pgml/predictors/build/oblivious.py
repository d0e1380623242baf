"""Build oblivious predictors: trees all of whose nodes on a level ask the same question, as CatBoost grows them.

A tree of depth d is d questions, whether a feature exceeds a border, and 2 ** d leaves; the answers, read as bits, are
the number of the leaf. The borders of a feature, sorted, are a column, of at most MOST_BORDERS; a feature with more of
them has several columns. A split is four bytes, ``column << 8 | place``, the place being that of its border in the
column: so a feature is compared with borders once a row, and trees then compare bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pgml.predictors.build.predictor import Predictor, evened, floats, labels
from pgml.predictors.read.format import DEEPEST, MOST_BORDERS
from pgml.predictors.read.outputs import check_output


class Tree(NamedTuple):
    """An oblivious tree.

    ``feature`` and ``border`` are [d]: whether ``x[feature[i]] > border[i]`` is bit i of the leaf's number, the lowest
    first. ``value`` is [2 ** d] or, where a leaf holds a score a class, [2 ** d, k]. ``cover`` is [2 ** d], how many
    training rows reached the leaf, or their weight; None: not known.
    """

    feature: np.ndarray
    border: np.ndarray
    value: np.ndarray
    cover: np.ndarray | None = None


def predictor(
    trees: Sequence[Tree],
    n_features: int,
    *,
    missing_right: Sequence[bool] | np.ndarray | None = None,
    scale: float | None = None,
    offset: Sequence[float] | np.ndarray | None = None,
    missing: bool = False,
    output: str = "value",
    classes: Sequence[float] | None = None,
) -> Predictor:
    """Return an oblivious predictor.

    Each score is the sum of the leaves in the order of ``trees``, then ``scale * sum + offset`` [k] where given.
    Features are rounded to float32, those beyond its range to its ends, and borders are float32. A missing value
    exceeds every border of the features for which ``missing_right`` [n_features] is true, no border of the others
    (None: of all). Raises ValueError where the arrays do not make trees or do not fit.
    """
    if not trees:
        raise ValueError("an oblivious predictor needs a tree")
    depths = np.array([len(tree.feature) for tree in trees], dtype=np.int64)
    if depths.max() > DEEPEST:
        raise ValueError(f"a tree has {depths.max()} levels, more than {DEEPEST}")
    for tree, depth in zip(trees, depths):
        if len(tree.border) != depth or len(tree.value) != 2**depth:
            raise ValueError(f"a tree of {depth} levels has {len(tree.border)} borders and {len(tree.value)} leaves")
    values = np.concatenate([np.asarray(tree.value, dtype=np.float64) for tree in trees])
    leaves = values.reshape(len(values), -1)
    k = leaves.shape[1]
    feature = np.concatenate([np.asarray(tree.feature, dtype=np.int64) for tree in trees])
    if np.any((feature < 0) | (feature >= n_features)):
        raise ValueError(f"a tree asks for a feature outside 0 .. {n_features - 1}")
    right = np.zeros(n_features, bool) if missing_right is None else np.asarray(missing_right, dtype=bool)
    if right.shape != (n_features,):
        raise ValueError(f"missing_right has shape {right.shape} for {n_features} features")
    columns, borders, splits = _columns(feature, _single([tree.border for tree in trees]), right)
    tensors = {
        "columns": columns,
        "borders": evened(borders),
        "splits": splits.view(np.uint8),
        "depths": depths,
        "leaves": leaves,
        "offset": floats(np.zeros(k) if offset is None else offset, (k,)),
    }
    cover = _cover(trees)
    if cover is not None:
        tensors["cover"] = cover
    check_output(output, k, classes)
    settings = {"scale": None if scale is None else float(scale)}
    return Predictor("oblivious", n_features, output, tensors, settings, classes=labels(classes), missing=missing)


def _single(borders: Sequence[np.ndarray]) -> np.ndarray:
    """Return the borders of all trees as float32, which they have to be exactly."""
    exact = np.concatenate([np.asarray(each, dtype=np.float64) for each in borders])
    with np.errstate(over="ignore"):
        single = exact.astype(np.float32)
    if not np.array_equal(single, exact):
        raise ValueError("a border is no number of float32")
    return single


def _columns(feature: np.ndarray, border: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns [n, 3] (feature, number of borders, whether a missing value exceeds them), their borders one
    column after the other, and the split [len(feature)] of each pair of a feature and a border.
    """
    pairs, pair_of = np.unique(np.column_stack([feature, border]), axis=0, return_inverse=True)
    features, first = np.unique(pairs[:, 0].astype(np.int64), return_index=True)
    place = np.arange(len(pairs)) - np.repeat(first, np.diff([*first, len(pairs)]))
    starts = np.flatnonzero(place % MOST_BORDERS == 0)
    columns = np.empty((len(starts), 3), np.int64)
    columns[:, 0] = pairs[starts, 0]
    columns[:, 1] = np.diff([*starts, len(pairs)])
    columns[:, 2] = right[columns[:, 0]]
    if len(columns) > 1 << 24:
        raise ValueError(f"{len(columns)} columns of borders are more than a split can name")
    column = np.repeat(np.arange(len(columns)), columns[:, 1])
    packed = (column << 8 | place % MOST_BORDERS).astype("<u4")
    return columns, pairs[:, 1].astype(np.float32), packed[pair_of.ravel()]


def _cover(trees: Sequence[Tree]) -> np.ndarray | None:
    """Return the cover counts of the leaves, float32, or None."""
    known = [np.asarray(tree.cover, dtype=np.float32) for tree in trees if tree.cover is not None]
    if not known:
        return None
    counts = np.concatenate(known)
    if len(known) != len(trees) or any(len(of) != len(tree.value) for of, tree in zip(known, trees)):
        raise ValueError("there are cover counts for some leaves and not for others")
    if not np.all(np.isfinite(counts) & (counts >= 0)):
        raise ValueError("a cover count is negative or not finite")
    return evened(counts)
