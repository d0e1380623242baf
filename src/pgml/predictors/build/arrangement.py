"""The order of a forest's nodes: each tree's, so that a walk stays in a few lines of the cache."""

from __future__ import annotations

import numpy as np

try:
    from pgml.predictors import _evaluate  # type: ignore[attr-defined]  # it is written in C
except ImportError:  # there was no compiler when pgml was installed
    _evaluate = None


def arranged(
    left: np.ndarray, right: np.ndarray, bounds: np.ndarray, weight: np.ndarray | None, pure: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return each node's place in its tree, and that of its left child, its own where it is a leaf: int64 [n_nodes].

    ``left`` and ``right``, int64 [n_nodes], count from the root of the node's tree, and are negative in leaves; ``bounds``
    [n_trees + 1] are the trees'. Siblings lie side by side. Behind them come those below the one that more rows reach
    (``weight``, float32 [n_nodes]; None: that has more nodes below it), then those below the other. ``pure`` asks for the
    definition in Python. Raises ValueError where these are no trees.
    """
    if pure or _evaluate is None:
        return _defined(left, right, bounds, weight)
    place, child = np.empty((2, len(left)), np.int64)
    _evaluate.arrange(left, right, weight, bounds, place, child)
    return place, child


def _defined(
    left: np.ndarray, right: np.ndarray, bounds: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    sizes, start = np.diff(bounds), bounds[:-1]
    inner, limit = left >= 0, np.repeat(sizes, sizes)
    if np.any((left >= limit) | (right >= limit) | (inner != (right >= 0))) or np.any(sizes < 1):
        raise ValueError("a tree names a child that it does not have")
    first = np.repeat(start, sizes)
    left, right = left + first, right + first
    # Level by level, the left children in front of the right ones: each level's nodes, and where inner ones stand among them.
    levels, divided, total, level = [], [], 0, start
    while len(level):
        total += len(level)
        if total > len(left):
            raise ValueError("a tree's nodes do not form a tree")
        levels.append(level)
        divided.append(np.flatnonzero(inner.take(level)))
        parents = level.take(divided[-1])
        level = np.concatenate([left.take(parents), right.take(parents)])
    if total != len(left):
        raise ValueError("a tree has nodes that its root does not reach")
    pairs = [np.zeros(0, np.int64)]  # of siblings below each node, from the last level to the first
    for level, parents in zip(reversed(levels), reversed(divided)):
        below, half = np.zeros(len(level), np.int64), len(parents)
        below[parents] = 1 + pairs[-1][:half] + pairs[-1][half:]
        pairs.append(below)
    pairs.reverse()

    at = np.zeros(len(start), np.int64)  # the places of a level's nodes
    behind = at + 1  # and from where on those below them lie
    places, children = [], []
    for parents, level, below in zip(divided, [*levels[1:], start[:0]], pairs[1:]):
        places.append(at)
        children.append(at.copy())
        pair, half = behind.take(parents), len(parents)
        children[-1][parents] = pair
        rank = below if weight is None else weight.take(level)
        swapped = rank[:half] < rank[half:]
        at = np.concatenate([pair, pair + 1])
        behind = np.concatenate([pair + 2 * below[half:] * swapped, pair + 2 * below[:half] * ~swapped])
        behind += 2
    place, child = np.full((2, len(left)), -1)
    order = np.concatenate(levels)
    place[order], child[order] = np.concatenate(places), np.concatenate(children)
    if np.any(place < 0):
        raise ValueError("a tree's nodes do not form a tree")
    return place, child
