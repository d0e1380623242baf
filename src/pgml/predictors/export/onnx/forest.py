"""The scores of a forest in ONNX: each tree's leaf by TreeEnsemble, added up in the order of the trees."""

from __future__ import annotations

import numpy as np
import onnx

from pgml.predictors.export.described import Forest, Tree, in_double
from pgml.predictors.export.onnx.graph import Graph, tensor
from pgml.predictors.read.parts import Common

_AT_MOST = 0  # BRANCH_LEQ among the modes of a node
_SUM = 1  # of the leaves of one target: there is one tree a target


def scores(graph: Graph, common: Common, forest: Forest, values: str) -> str:
    """Return the scores [rows, k] of scaled features, float32 where the model adds in single precision."""
    leaves = _leaves(graph, forest, values)
    if forest.weights is not None:
        total = _median(graph, leaves, np.asarray(forest.weights))
    elif forest.leaves is not None:
        table = graph.constant(np.reshape(forest.leaves, (-1, common.n_scores)))
        rows = graph.apply("Gather", table, graph.whole(leaves), axis=0)  # [rows, trees, k]
        total = _total(graph, common, rows, np.asarray(forest.start))
    else:
        of_score = (
            np.zeros(len(forest.trees), np.int64) if forest.scores is None else np.asarray(forest.scores)
        )
        columns = []
        for score, start in enumerate(forest.start):
            own = np.flatnonzero(of_score == score)
            each = graph.apply("Gather", leaves, graph.constant(own, np.int64), axis=1)
            each = graph.apply("Unsqueeze", each, graph.constant([2], np.int64))
            columns.append(_total(graph, common, each, np.array([start])))
        total = columns[0] if len(columns) == 1 else graph.apply("Concat", *columns, axis=1)
    if forest.divisor is None and forest.scale is None and forest.offset is None:
        return total
    total = graph.double(total)
    if forest.divisor is not None:
        total = graph.apply("Div", total, graph.constant(forest.divisor))
    if forest.scale is not None:
        total = graph.apply("Mul", graph.constant(forest.scale), total)
    if forest.offset is not None:
        total = graph.apply("Add", total, graph.constant(forest.offset))
    return graph.single(total) if common.single else total


def _total(graph: Graph, common: Common, leaves: str, start: np.ndarray) -> str:
    """Return start [k] plus leaves [rows, trees, k], added one after the other, so that rounding is the same."""
    dtype = np.float32 if common.single else np.float64
    leaves = graph.single(leaves) if common.single else leaves
    shape = graph.apply("Shape", leaves)
    rows = graph.apply("Gather", shape, graph.constant([0], np.int64))
    first = graph.apply("Concat", rows, graph.constant([1, len(start)], np.int64), axis=0)
    first = graph.apply("Expand", graph.constant(start[None, None, :], dtype), first)
    running = graph.apply("CumSum", graph.apply("Concat", first, leaves, axis=1), graph.constant(1, np.int64))
    return graph.apply("Gather", running, graph.constant(-1, np.int64), axis=1)


def _median(graph: Graph, leaves: str, weights: np.ndarray) -> str:
    """Return the first of the sorted leaves [rows, trees] whose weights, added up, reach half of them all."""
    count = graph.constant([len(weights)], np.int64)
    ordered, order = graph.apply("TopK", leaves, count, axis=1, largest=0, sorted=1, results=2)
    weighed = graph.apply("Gather", graph.constant(weights), order, axis=0)
    running = graph.apply("CumSum", weighed, graph.constant(1, np.int64))
    all_of_it = graph.apply("Gather", running, graph.constant([-1], np.int64), axis=1)
    reached = graph.apply("GreaterOrEqual", running, graph.apply("Mul", all_of_it, graph.constant(0.5)))
    place = graph.apply("ArgMax", graph.whole(reached), axis=1, keepdims=1)
    return graph.apply("GatherElements", ordered, place, axis=1)


def _leaves(graph: Graph, forest: Forest, values: str) -> str:
    """Return the number of the leaf that each tree leads to, [rows, trees]."""
    nodes: dict[str, list[np.ndarray]] = {}
    leaves: list[np.ndarray] = []
    roots, first_node, first_leaf = [], 0, 0
    for tree in forest.trees:
        roots.append(first_node)
        written = _written(tree, first_node, first_leaf)
        for name, numbers in written.items():
            nodes.setdefault(name, []).append(numbers)
        leaves.append(tree.number[tree.left < 0])
        first_node += len(written["feature"])
        first_leaf += len(leaves[-1])
    joined = {name: np.concatenate(numbers) for name, numbers in nodes.items()}
    thresholds = in_double(joined["threshold"]) if forest.single_input else joined["threshold"]
    n_nodes = len(thresholds)
    targets = np.repeat(np.arange(len(leaves)), [len(each) for each in leaves])
    return graph.apply(
        "TreeEnsemble",
        values,
        aggregate_function=_SUM,
        n_targets=len(leaves),
        tree_roots=roots,
        nodes_featureids=joined["feature"].tolist(),
        nodes_splits=tensor(thresholds, onnx.TensorProto.DOUBLE),
        nodes_modes=tensor(np.full(n_nodes, _AT_MOST, np.uint8), onnx.TensorProto.UINT8),
        nodes_missing_value_tracks_true=joined["missing_left"].tolist(),
        nodes_truenodeids=joined["left"].tolist(),
        nodes_trueleafs=joined["left_is_leaf"].tolist(),
        nodes_falsenodeids=joined["right"].tolist(),
        nodes_falseleafs=joined["right_is_leaf"].tolist(),
        leaf_targetids=targets.tolist(),
        leaf_weights=tensor(np.concatenate(leaves), onnx.TensorProto.DOUBLE),
    )


def _written(tree: Tree, first_node: int, first_leaf: int) -> dict[str, np.ndarray]:
    """Return the inner nodes of a tree as TreeEnsemble has them: inner nodes and leaves are counted apart."""
    leaf = tree.left < 0
    number = np.where(leaf, first_leaf + np.cumsum(leaf) - 1, first_node + np.cumsum(~leaf) - 1)
    inner = np.flatnonzero(~leaf)
    left = tree.left[inner] if len(inner) else np.array([0])  # a tree of one leaf leads there either way
    right = left + 1 if len(inner) else left
    own = inner if len(inner) else np.array([0])
    return {
        "feature": tree.feature[own],
        "threshold": tree.number[own],
        "missing_left": tree.missing_left[own].astype(np.int64),
        "left": number[left],
        "left_is_leaf": leaf[left].astype(np.int64),
        "right": number[right],
        "right_is_leaf": leaf[right].astype(np.int64),
    }
