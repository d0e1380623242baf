"""Build forest predictors: binary trees packed into 16-byte nodes, and what happens to the sum of their leaves.

A node is ``{float64 number; uint32 feature; uint32 left}``. In an inner node ``number`` is the threshold
(``x <= number`` goes left), the low 30 bits of ``feature`` are the index of the feature, MISSING_LEFT says
that a missing value goes left, and ``left`` is the left child, counted from the tree's root; the right child
is ``left + 1``. A leaf is marked LEAF, its ``left`` is its own index, and ``number`` is its value or, where leaves
hold a score a class, its row of the leaf table. Children come after their parents: no walk is endless.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pgml.predictors.build.arrangement import arranged
from pgml.predictors.build.predictor import Predictor, evened, floats, labels
from pgml.predictors.read.format import LEAF, MISSING_LEFT
from pgml.predictors.read.outputs import check_output

NODE = np.dtype([("number", "<f8"), ("feature", "<u4"), ("left", "<u4")])
_NODES_AT_ONCE = 20_000
_OF_16_BYTES = np.complex128  # in which numpy moves nodes several times as fast as in a type of fields


class Tree(NamedTuple):
    """A binary tree as parallel arrays, an element a node; node 0 is the root.

    ``left`` and ``right`` are [n] indices of the children, -1 in both marks a leaf. ``feature`` and
    ``threshold`` are [n]; ``x[feature] <= threshold`` goes left. ``value`` is [n] or, where a leaf holds a
    score a class, [n, k]. ``missing_left`` is [n] booleans, None: missing values go right. ``cover`` is [n], how
    many training rows reached the node, or their weight; None: not known.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    missing_left: np.ndarray | None = None
    cover: np.ndarray | None = None


def predictor(
    trees: Sequence[Tree],
    n_features: int,
    *,
    start: Sequence[float] | np.ndarray | None = None,
    scores: Sequence[int] | np.ndarray | None = None,
    divisor: float | None = None,
    scale: float | None = None,
    offset: Sequence[float] | np.ndarray | None = None,
    weights: Sequence[float] | np.ndarray | None = None,
    aggregation: str = "sum",
    input: str = "double",
    single: bool = False,
    missing: bool = False,
    output: str = "value",
    classes: Sequence[float] | None = None,
) -> Predictor:
    """Return a forest predictor.

    Each score is ``start`` [k] (zeros) plus the leaves in the order of ``trees``, the tree ``t`` adding to the
    score ``scores[t]`` (0) or, where leaves are vectors, to all of them; then divided by ``divisor``, then
    ``scale * score + offset``, where given. ``aggregation="median"`` is the median of the leaves weighted by
    ``weights`` [n_trees] instead. ``input="single"`` rounds features to float32 before they are compared,
    ``single`` adds in float32. Raises ValueError where the arrays do not make trees or do not fit.
    """
    if not trees:
        raise ValueError("a forest needs a tree")
    if input not in ("double", "single") or aggregation not in ("sum", "median"):
        raise ValueError(f"input {input!r} or aggregation {aggregation!r} is unknown")
    if (weights is not None) != (aggregation == "median"):
        raise ValueError("weights come with the median, and only with it")
    packed = _pack(trees, n_features, in_single=input == "single")
    tensors = {"nodes": packed.nodes.view(np.uint8), "trees": packed.offsets}
    if packed.cover is not None:
        tensors["cover"] = evened(packed.cover)
    if packed.leaves is not None:
        k = packed.leaves.shape[1]
        tensors["leaves"] = packed.leaves
    else:
        k = 1 if scores is None else int(np.max(scores)) + 1
        if start is not None:
            k = max(k, len(start))
        if scores is not None:
            tensors["scores"] = np.ascontiguousarray(scores, dtype=np.int64)
    tensors["start"] = floats(np.zeros(k) if start is None else start, (k,))
    if offset is not None:
        tensors["offset"] = floats(offset, (k,))
    if weights is not None:
        tensors["weights"] = floats(weights, (len(trees),))
    settings = {
        "aggregation": aggregation,
        "input": input,
        "single": single,
        "divisor": None if divisor is None else float(divisor),
        "scale": None if scale is None else float(scale),
    }
    check_output(output, k, classes)
    return Predictor("forest", n_features, output, tensors, settings, classes=labels(classes), missing=missing)


class _Packed(NamedTuple):
    """Trees in their final order: NODE [n_nodes], the trees' offsets in it [n_trees + 1], the leaf table or None, and
    the cover counts, float32 [n_nodes], or None.
    """

    nodes: np.ndarray
    offsets: np.ndarray
    leaves: np.ndarray | None
    cover: np.ndarray | None


def _pack(trees: Sequence[Tree], n_features: int, in_single: bool) -> _Packed:
    """Return the nodes of all trees, which compare features in float32 or not; raise ValueError where the arrays do not make trees or do not fit."""
    sizes = np.array([len(tree.left) for tree in trees], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    covered = [tree.cover is not None for tree in trees]
    if any(covered) and not all(covered):
        raise ValueError("there are cover counts for some nodes and not for others")
    if len({np.shape(tree.value)[1:] for tree in trees}) > 1:
        raise ValueError("some trees hold a number a leaf and others a row of scores, or rows of another length")
    nodes = np.empty(offsets[-1], NODE)
    cover = np.empty(offsets[-1], np.float32) if all(covered) else None
    tables: list[np.ndarray] = []
    first = 0
    for last in range(1, len(trees) + 1):  # a few trees at a time, so that what is made of them stays in the cache
        if last < len(trees) and offsets[last] - offsets[first] < _NODES_AT_ONCE:
            continue
        place = slice(offsets[first], offsets[last])
        known = sum(map(len, tables))
        covered_nodes = None if cover is None else cover[place]
        table = _pack_some(trees[first:last], n_features, in_single, nodes[place], covered_nodes, known)
        if table is not None:
            tables.append(table)
        first = last
    return _Packed(nodes, offsets, np.concatenate(tables) if tables else None, cover)


def _pack_some(
    trees: Sequence[Tree],
    n_features: int,
    in_single: bool,
    nodes: np.ndarray,
    cover: np.ndarray | None,
    n_leaves: int,
) -> np.ndarray | None:
    """Fill the nodes of some trees, and their cover counts; return what the leaf table, of so many rows, is to grow by."""
    sizes = [len(tree.left) for tree in trees]
    left, right = (_joined([getattr(tree, side) for tree in trees], np.int64) for side in ("left", "right"))
    feature = _joined([tree.feature for tree in trees], np.int64)
    threshold = _joined([tree.threshold for tree in trees], np.float64)
    if in_single:
        threshold = _single_below(threshold)
    missing_left = _joined(
        [np.zeros(len(t.left), bool) if t.missing_left is None else t.missing_left for t in trees], bool
    )
    value = np.concatenate([np.asarray(tree.value, dtype=np.float64) for tree in trees])
    if not (len(left) == len(right) == len(feature) == len(threshold) == len(missing_left) == len(value)):
        raise ValueError("the arrays of a tree differ in length")
    inner = left >= 0
    if np.any(inner & ((feature < 0) | (feature >= n_features))):
        raise ValueError(f"a tree asks for a feature outside 0 .. {n_features - 1}")
    weight = None
    if cover is not None:
        weight = _checked_cover([tree.cover for tree in trees if tree.cover is not None], len(left))
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    place, child = arranged(left, right, bounds, weight)
    source = np.empty(len(left), np.intp)  # of each node in its new place
    source[place + np.repeat(bounds[:-1], sizes)] = np.arange(len(left))
    packed = np.empty(len(left), NODE)
    packed["feature"] = np.where(inner, feature | np.where(missing_left, MISSING_LEFT, 0), LEAF)
    packed["left"] = child
    if value.ndim == 1:
        table = None
        packed["number"] = np.where(inner, threshold, value)
    else:
        leaves = source[~inner[source]]
        packed["number"] = threshold
        table, packed["number"][leaves] = _leaf_table(value[leaves], n_leaves)
    packed.view(_OF_16_BYTES).take(source, out=nodes.view(_OF_16_BYTES), mode="clip")
    if cover is not None and weight is not None:
        weight.take(source, out=cover, mode="clip")
    return table


def _checked_cover(covers: Sequence[np.ndarray], n_nodes: int) -> np.ndarray:
    counts = _joined(covers, np.float32)
    if len(counts) != n_nodes:
        raise ValueError("there are cover counts for some nodes and not for others")
    if not np.all(np.isfinite(counts) & (counts >= 0)):
        raise ValueError("a cover count is negative or not finite")
    return counts


def _single_below(thresholds: np.ndarray) -> np.ndarray:
    """Return the greatest float32 that is not above each threshold: a float32 is compared with it as with the threshold."""
    with np.errstate(over="ignore"):
        singles = thresholds.astype(np.float32)
    above = np.flatnonzero(singles > thresholds)
    singles[above] = np.nextafter(singles[above], np.float32(-np.inf))
    return singles


def _joined(arrays: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(arrays, dtype=dtype, casting="unsafe")


def _leaf_table(values: np.ndarray, known: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the table of ``known`` rows grows by for the leaves ``values`` [n, k], and the row of each leaf.

    Most leaves of a forest grown to the end hold one class only. Those k rows are kept once, in front, which makes
    the table of such a forest small enough to stay in cache.
    """
    k = values.shape[1]
    is_one = values == 1.0
    pure = (np.count_nonzero(values, axis=1) == 1) & is_one.any(axis=1)
    own = values[~pure]
    table = own if known else np.concatenate([np.eye(k), own])
    rows = np.empty(len(values))
    rows[pure] = is_one[pure].argmax(axis=1)
    rows[~pure] = max(known, k) + np.arange(len(own))
    return table, rows
