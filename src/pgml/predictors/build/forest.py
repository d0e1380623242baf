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

from pgml.predictors.build.predictor import Predictor, evened, floats, labels
from pgml.predictors.read.format import LEAF, MISSING_LEFT
from pgml.predictors.read.outputs import check_output

NODE = np.dtype([("number", "<f8"), ("feature", "<u4"), ("left", "<u4")])


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
    cover = _cover(trees)
    nodes, offsets, table, order = _pack(trees, n_features, cover)
    tensors = {"nodes": nodes.view(np.uint8), "trees": offsets}
    if cover is not None:
        tensors["cover"] = evened(cover[order])
    if table is not None:
        k = table.shape[1]
        tensors["leaves"] = table
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


def _pack(
    trees: Sequence[Tree], n_features: int, cover: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray]:
    """Return the nodes of all trees, the trees' offsets [n_trees + 1], the leaf table or None, and of each node the
    place that it had.
    """
    sizes = np.array([len(tree.left) for tree in trees], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    left, right = (_joined([getattr(tree, side) for tree in trees], np.int64) for side in ("left", "right"))
    feature = _joined([tree.feature for tree in trees], np.int64)
    threshold = _joined([tree.threshold for tree in trees], np.float64)
    missing_left = _joined(
        [np.zeros(len(t.left), bool) if t.missing_left is None else t.missing_left for t in trees], bool
    )
    value = np.concatenate([np.asarray(tree.value, dtype=np.float64) for tree in trees])
    if not (len(left) == len(right) == len(feature) == len(threshold) == len(missing_left) == len(value)):
        raise ValueError("the arrays of a tree differ in length")
    inner = left >= 0
    if np.any((feature[inner] < 0) | (feature[inner] >= n_features)):
        raise ValueError(f"a tree asks for a feature outside 0 .. {n_features - 1}")
    order, position = _placed(left, right, inner, offsets, cover)

    nodes = np.zeros(len(order), NODE)
    inner, tree_of = inner[order], np.repeat(np.arange(len(trees)), sizes)[order]
    sources = order[inner]
    nodes["number"][inner] = threshold[sources]
    nodes["feature"][inner] = feature[sources] | np.where(missing_left[sources], MISSING_LEFT, 0)
    first_child = left[sources] + offsets[tree_of[inner]]
    nodes["left"][inner] = position[first_child] - offsets[tree_of[inner]]
    nodes["feature"][~inner] = LEAF
    nodes["left"][~inner] = np.flatnonzero(~inner) - offsets[tree_of[~inner]]
    if value.ndim == 1:
        nodes["number"][~inner] = value[order[~inner]]
        return nodes, offsets, None, order
    table, nodes["number"][~inner] = _leaf_table(value[order[~inner]])
    return nodes, offsets, table, order


def _cover(trees: Sequence[Tree]) -> np.ndarray | None:
    """Return the cover counts of the nodes, float32, or None."""
    known = [tree.cover for tree in trees if tree.cover is not None]
    if not known:
        return None
    counts = _joined(known, np.float32)
    if len(known) != len(trees) or len(counts) != sum(len(tree.left) for tree in trees):
        raise ValueError("there are cover counts for some nodes and not for others")
    if not np.all(np.isfinite(counts) & (counts >= 0)):
        raise ValueError("a cover count is negative or not finite")
    return counts


def _joined(arrays: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(arrays, dtype=dtype, casting="unsafe")


def _placed(
    left: np.ndarray, right: np.ndarray, inner: np.ndarray, offsets: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes' indices in their new order, tree by tree, and its inverse.

    Siblings lie side by side. Behind them come those below the one that more rows reach (``weight`` [n_nodes]; None: that
    has more nodes below it), then those below the other: a walk then stays in a few lines of the cache.
    """
    tree_of = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    sizes = np.diff(offsets)[tree_of]
    if np.any((left >= sizes) | (right >= sizes) | (inner != (right >= 0))) or np.any(np.diff(offsets) < 1):
        raise ValueError("a tree names a child that it does not have")
    levels, total = [], 0  # of each level, its inner nodes and their children
    level = offsets[:-1]
    while len(level):
        total += len(level)
        if total > len(left):
            raise ValueError("a tree's nodes do not form a tree")
        parents = level[inner[level]]
        levels.append((parents, left[parents] + offsets[tree_of[parents]], right[parents] + offsets[tree_of[parents]]))
        level = np.concatenate(levels[-1][1:])
    if total != len(left):
        raise ValueError("a tree has nodes that its root does not reach")
    pairs = np.zeros(len(left), dtype=np.int64)  # of siblings, below each node
    for parents, lefts, rights in reversed(levels):
        pairs[parents] = 1 + pairs[lefts] + pairs[rights]
    weight = pairs if weight is None else weight
    position = np.full(len(left), -1, dtype=np.int64)
    position[offsets[:-1]] = offsets[:-1]
    first = offsets[:-1][tree_of] + 1  # of the children of each inner node
    for parents, lefts, rights in levels:
        position[lefts], position[rights] = first[parents], first[parents] + 1
        swapped = weight[lefts] < weight[rights]
        heavy, light = np.where(swapped, rights, lefts), np.where(swapped, lefts, rights)
        first[heavy] = first[parents] + 2
        first[light] = first[parents] + 2 + 2 * pairs[heavy]
    if np.any(position < 0):
        raise ValueError("a tree's nodes do not form a tree")
    return np.argsort(position), position


def _leaf_table(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct-enough rows [m, k] and the row of each leaf.

    Most leaves of a forest grown to the end hold one class only. Those k rows are kept once, which makes the
    table of such a forest small enough to stay in cache.
    """
    pure = (np.count_nonzero(values, axis=1) == 1) & (values.max(axis=1) == 1.0)
    k = values.shape[1]
    rows = np.empty(len(values))
    rows[pure] = values[pure].argmax(axis=1)
    rows[~pure] = k + np.arange(np.count_nonzero(~pure))
    return np.ascontiguousarray(np.concatenate([np.eye(k), values[~pure]])), rows
