"""CatBoost's JSON format, compiled: symmetric trees to an oblivious predictor, others to a forest.

The format is described in catboost/libs/model/model_export/json_model_helpers.cpp, the rules of prediction in
catboost/libs/model/cpu/evaluator_impl.cpp: features are rounded to float32, ``x > border`` goes right (a bit of
1 in a symmetric tree), and the sum of the leaves is scaled and shifted last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pgml.predictors import NotCompilable, Predictor
from pgml.predictors.build import forest, oblivious

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
    common: dict[str, Any] = {
        "scale": scale,
        "offset": bias,
        "missing": True,
        "output": _REGRESSION.get(loss) or _CLASSIFICATION[loss],
        "classes": classes,
    }
    if "oblivious_trees" in model:
        symmetric = _with_cover_or_without([read.symmetric(tree) for tree in model["oblivious_trees"]])
        return oblivious.predictor(symmetric, len(features), missing_right=read.missing_right, **common)
    nested = _with_cover_or_without([read.nested(tree) for tree in model["trees"]])
    return forest.predictor(nested, len(features), **common)


def _with_cover_or_without(trees: list[Any]) -> list[Any]:
    """Return the trees; where one lacks the weights of its leaves, which can be taken out of a model, all lack them."""
    if all(tree.cover is not None for tree in trees):
        return trees
    return [tree._replace(cover=None) for tree in trees]


class _Trees:
    """Reads the trees of one model."""

    def __init__(self, features: list[dict[str, Any]], n_scores: int):
        # A missing value is less than all borders, or, where nan_mode is Max, greater.
        self.missing_right = [feature["nan_value_treatment"] == "AsTrue" for feature in features]
        self._n_scores = n_scores

    def symmetric(self, tree: dict[str, Any]) -> oblivious.Tree:
        """Return a tree whose leaf is numbered by the outcomes of its splits, the first the lowest bit."""
        splits = [self._feature_and_border(split) for split in tree["splits"] or ()]  # null where there are none
        n_leaves = 2 ** len(splits)
        return oblivious.Tree(
            feature=np.array([feature for feature, _ in splits], dtype=np.int64),
            border=np.array([_within_reach(border) for _, border in splits]),
            value=self._values(tree["leaf_values"], n_leaves),
            cover=_cover_of_leaves(tree.get("leaf_weights"), n_leaves),
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
        feature, border = self._feature_and_border(split)
        return feature, _largest_that_rounds_to(border), not self.missing_right[feature]

    def _feature_and_border(self, split: dict[str, Any]) -> tuple[int, np.float32]:
        if split["split_type"] != "FloatFeature":
            raise NotCompilable(f"splits of the kind {split['split_type']} are not compiled")
        return split["float_feature_index"], np.float32(split["border"])

    def _values(self, numbers: list[float], n_nodes: int) -> np.ndarray:
        """Return a value, or a row of scores, for each node."""
        values = np.array(numbers, dtype=float).reshape(n_nodes, self._n_scores)
        return values[:, 0] if self._n_scores == 1 else values


def _cover_of_leaves(weights: list[float] | None, n_leaves: int) -> np.ndarray | None:
    """Return the weight of the rows in each leaf of a symmetric tree; None where it is not told."""
    if not weights:
        return None
    if len(weights) != n_leaves:
        raise ValueError(f"{len(weights)} weights for {n_leaves} leaves")
    return np.array(weights, dtype=float)


def _cover_of_nodes(weights: list[float | None], left: list[int], right: list[int]) -> np.ndarray | None:
    """Return the weight of the rows in each node, where the leaves have theirs and children follow their parents."""
    if None in weights:
        return None
    cover = np.array(weights, dtype=float)
    for node in range(len(cover) - 1, -1, -1):
        if left[node] >= 0:
            cover[node] = cover[left[node]] + cover[right[node]]
    return cover


def _within_reach(border: np.float32) -> float:
    """Return the border as it is; infinite where all numbers are on one side, and missing values may be on the other."""
    return float(border) if -LARGEST <= border < LARGEST else float(np.copysign(np.inf, border))


def _largest_that_rounds_to(border: np.float32) -> float:
    """Return the largest float64 that is at most ``border`` once it is rounded to float32, ties to even."""
    if np.isinf(_within_reach(border)):
        return _within_reach(border)
    above = np.nextafter(border, np.float32(np.inf))
    middle = (float(border) + float(above)) / 2
    return middle if np.float32(middle) == border else float(np.nextafter(middle, -np.inf))
