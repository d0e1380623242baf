"""CatBoost's JSON format, compiled to a forest.

The format is described in catboost/libs/model/model_export/json_model_helpers.cpp, the rules of prediction in
catboost/libs/model/cpu/evaluator_impl.cpp: features are rounded to float32, ``x > border`` goes right (a bit of
1 in a symmetric tree), and the sum of the leaves is scaled and shifted last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pgml.predictors import NotCompilable, Predictor
from pgml.predictors.build import forest

# Larger numbers count as this one: in float32, the library's sums and products of them would be infinite.
LARGEST = float(np.float32(1e30))

# loss: output of the predictor
_REGRESSION = {
    "RMSE": "value",
    "MAE": "value",
    "Quantile": "value",
    "Huber": "value",
    "LogCosh": "value",
    "Expectile": "value",
    "Lq": "value",
    "MAPE": "value",
    "Poisson": "exp",
    "Tweedie": "exp",
}
_CLASSIFICATION = {"Logloss": "logistic", "MultiClass": "softmax"}


def compiled(model: dict[str, Any]) -> Predictor:
    """Return the predictor of a model, as JSON tells it.

    Raises NotCompilable where it has what a forest has not (categories, texts, embeddings) or a loss that is
    not known; ValueError, KeyError, TypeError or IndexError where it is no model.
    """
    if set(model["features_info"]) != {"float_features"}:
        raise NotCompilable("only models of plain numbers are compiled")
    loss = model["model_info"]["params"]["loss_function"]["type"]
    classes = None
    if loss in _CLASSIFICATION:
        classes = model["model_info"]["class_params"]["class_names"]
    elif loss not in _REGRESSION:
        raise NotCompilable(f"the loss {loss} is not compiled")
    features = model["features_info"]["float_features"]
    if [feature["flat_feature_index"] for feature in features] != list(range(len(features))):
        raise NotCompilable("the features are not numbered one after the other")
    scale, bias = model["scale_and_bias"]
    read = _Trees(features, n_scores=len(bias))
    if "oblivious_trees" in model:
        trees = [read.symmetric(tree) for tree in model["oblivious_trees"]]
    else:
        trees = [read.nested(tree) for tree in model["trees"]]
    if any(tree.cover is None for tree in trees):  # the weights of leaves can be taken out of a model
        trees = [tree._replace(cover=None) for tree in trees]
    return forest.predictor(
        trees,
        len(features),
        scale=scale,
        offset=bias,
        missing=True,
        output=_REGRESSION.get(loss) or _CLASSIFICATION[loss],
        classes=classes,
    )


class _Trees:
    """Reads the trees of one model."""

    def __init__(self, features: list[dict[str, Any]], n_scores: int):
        # A missing value is less than all borders, or, where nan_mode is Max, greater.
        self._missing_left = [feature["nan_value_treatment"] != "AsTrue" for feature in features]
        self._n_scores = n_scores

    def symmetric(self, tree: dict[str, Any]) -> forest.Tree:
        """Return a tree whose leaf is numbered by the outcomes of its splits, the first the lowest bit."""
        splits = [self._split(split) for split in tree["splits"] or ()]  # null where there are none
        feature, threshold, missing_left = np.array(splits, dtype=float).reshape(-1, 3).T
        depth = len(splits)
        n_inner, n_leaves = 2**depth - 1, 2**depth
        # Nodes level by level, each level in the order of the bits so far read as a number.
        level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
        bits = np.arange(n_inner) - (2**level - 1)
        left = 2 ** (level + 1) - 1 + bits
        absent = np.full(n_leaves, -1)
        nothing = np.zeros(n_leaves)
        return forest.Tree(
            left=np.concatenate([left, absent]),
            right=np.concatenate([left + 2**level, absent]),
            feature=np.concatenate([feature[level], nothing]).astype(np.int64),
            threshold=np.concatenate([threshold[level], nothing]),
            missing_left=np.concatenate([missing_left[level], nothing]).astype(bool),
            value=self._values([0.0] * (n_inner * self._n_scores) + tree["leaf_values"], n_inner + n_leaves),
            cover=_cover_of_levels(tree.get("leaf_weights"), n_leaves),
        )

    def nested(self, tree: dict[str, Any]) -> forest.Tree:
        """Return a tree whose nodes hold the nodes below them."""
        left, right, splits, values, weights = [], [], [], [], []
        waiting = [(tree, None, 0)]
        while waiting:
            node, side, parent = waiting.pop()
            if side is not None:
                side[parent] = len(left)
            if "split" in node:
                waiting += [(node["left"], left, len(left)), (node["right"], right, len(left))]
            splits.append(self._split(node["split"]) if "split" in node else (0, 0.0, False))
            values += np.ravel(node.get("value", [0.0] * self._n_scores)).tolist()
            weights.append(0.0 if "split" in node else node.get("weight"))
            left.append(-1)
            right.append(-1)
        feature, threshold, missing_left = zip(*splits, strict=True)
        return forest.Tree(
            *map(np.array, (left, right, feature, threshold)),
            value=self._values(values, len(left)),
            missing_left=np.array(missing_left),
            cover=_cover_of_nodes(weights, left, right),
        )

    def _split(self, split: dict[str, Any]) -> tuple[int, float, bool]:
        """Return the feature, the threshold and where missing values go."""
        if split["split_type"] != "FloatFeature":
            raise NotCompilable(f"splits of the kind {split['split_type']} are not compiled")
        feature = split["float_feature_index"]
        return feature, _largest_that_rounds_to(split["border"]), self._missing_left[feature]

    def _values(self, numbers: list[float], n_nodes: int) -> np.ndarray:
        """Return a value, or a row of scores, for each node."""
        values = np.array(numbers, dtype=float).reshape(n_nodes, self._n_scores)
        return values[:, 0] if self._n_scores == 1 else values


def _cover_of_levels(weights: list[float] | None, n_leaves: int) -> np.ndarray | None:
    """Return the weight of the rows in each node of a symmetric tree, level by level; None where it is not told."""
    if not weights:
        return None
    levels = [np.array(weights, dtype=float)]
    if len(levels[0]) != n_leaves:
        raise ValueError(f"{len(levels[0])} weights for {n_leaves} leaves")
    while len(levels[-1]) > 1:  # the last split is the highest bit of a leaf's number
        levels.append(levels[-1].reshape(2, -1).sum(axis=0))
    return np.concatenate(levels[::-1])


def _cover_of_nodes(weights: list[float | None], left: list[int], right: list[int]) -> np.ndarray | None:
    """Return the weight of the rows in each node, where the leaves have theirs and children follow their parents."""
    if None in weights:
        return None
    cover = np.array(weights, dtype=float)
    for node in range(len(cover) - 1, -1, -1):
        if left[node] >= 0:
            cover[node] = cover[left[node]] + cover[right[node]]
    return cover


def _largest_that_rounds_to(border: float) -> float:
    """Return the largest float64 that is at most ``border`` once it is rounded to float32, ties to even."""
    border = np.float32(border)
    if not -LARGEST <= border < LARGEST:  # all numbers are on one side, missing values may be on the other
        return float(np.copysign(np.inf, border))
    above = np.nextafter(border, np.float32(np.inf))
    middle = (float(border) + float(above)) / 2
    return middle if np.float32(middle) == border else float(np.nextafter(middle, -np.inf))
