"""Compile XGBoost's boosters from their JSON form."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from pgml.predictors.build import forest, linear
from pgml.predictors.build.predictor import NotCompilable, Predictor

# objective: (output for regression or classification, how base_score becomes a margin)
_OBJECTIVES = {
    "reg:squarederror": ("value", "identity"),
    "reg:squaredlogerror": ("value", "identity"),
    "reg:pseudohubererror": ("value", "identity"),
    "reg:absoluteerror": ("value", "identity"),
    "reg:quantileerror": ("value", "identity"),
    "reg:logistic": ("sigmoid", "logit"),
    "count:poisson": ("exp", "log"),
    "reg:gamma": ("exp", "log"),
    "reg:tweedie": ("exp", "log"),
    "binary:logistic": ("logistic", "logit"),
    "binary:logitraw": ("label", "logit"),
    "binary:hinge": ("label", "identity"),
    "multi:softprob": ("softmax", "identity"),
    "multi:softmax": ("softmax", "identity"),
}


def xgboost(model, *, classes: Sequence[float] | None = None) -> Predictor:
    """Return the predictor of an ``xgboost.Booster`` or of a fitted ``XGBRegressor``, ``XGBClassifier``, ...

    Of a model that stopped early, the rounds up to its best one are compiled, as its ``predict`` uses them.
    ``classes`` are the labels of a Booster that classifies. Raises NotCompilable for categorical splits,
    leaves with a vector, several targets, and objectives that are neither regression nor classification.
    """
    booster, rounds = model, None
    in_place = hasattr(model, "get_booster")
    if in_place:
        booster = model.get_booster()
        _, end = model._get_iteration_range(None)
        rounds = end or None
        classes = getattr(model, "classes_", None) if classes is None else classes
    learner = json.loads(booster.save_raw(raw_format="json"))["learner"]
    parameters = learner["learner_model_param"]
    objective = learner["objective"]["name"]
    if objective not in _OBJECTIVES:
        raise NotCompilable(f"the objective {objective} is not compiled")
    if int(parameters["num_target"]) > 1:
        raise NotCompilable("a booster of several targets is not compiled")
    output, link = _OBJECTIVES[objective]
    n_scores = max(1, int(parameters["num_class"]))
    common = {"single": True, "missing": True, "output": output, "classes": classes}
    n_features = int(parameters["num_feature"])
    start = _margins(parameters["base_score"], link, n_scores)
    machine = learner["gradient_booster"]
    if machine["name"] == "gblinear":
        # every class starts from the base score of the first
        return _gblinear(machine["model"], n_features, np.full_like(start, start[0]), common)
    records, scores = _records(machine, rounds)
    through = in_place and "gbtree" in machine  # of a version before 3.3, which kept dart's trees one level down
    trees = _trees(machine, records, start[scores] if through else np.zeros(len(records), np.float32))
    predictor = forest.predictor(trees, n_features, start=start, scores=scores, input="single", **common)
    return predictor.prepared(importances=_mean_gains(records, n_features))


def _margins(base_score: str, link: str, n_scores: int) -> np.ndarray:
    """Return the scores [n_scores] that boosting starts from, float32, computed as the library does."""
    base = np.atleast_1d(np.array(json.loads(base_score), dtype=np.float32))
    one = np.float32(1)
    if link == "logit":
        base = -np.log(one / base - one)
    elif link == "log":
        base = np.log(base)
    return np.broadcast_to(base, (n_scores,)).astype(np.float32)


def _gblinear(model: dict, n_features: int, start: np.ndarray, common: dict) -> Predictor:
    weights = np.array(model["weights"], dtype=np.float32).reshape(n_features + 1, len(start))
    return linear.predictor(weights[:-1].T, weights[-1] + start, **common)


def _model(machine: dict) -> dict:
    """Return the part of a booster that holds its trees."""
    return machine["gbtree"]["model"] if "gbtree" in machine else machine["model"]


def _records(machine: dict, rounds: int | None) -> tuple[list[dict], list[int]]:
    """Return the trees of that many rounds, as JSON tells them, and the score that each adds to."""
    model = _model(machine)
    n_trees = len(model["trees"]) if rounds is None else model["iteration_indptr"][rounds]
    return model["trees"][:n_trees], model["tree_info"][:n_trees]


def _trees(machine: dict, records: list[dict], through: np.ndarray) -> list[forest.Tree]:
    """Return the trees as arrays.

    Before XGBoost 3.3, ``predict`` of an estimator, which predicts in place, adds the start to each tree of dart
    and takes it off again: ``through`` [n_trees].
    """
    trees = [_tree(record) for record in records]
    if dropped := machine.get("weight_drop") or _model(machine).get("weight_drop"):  # in the model since 3.4
        weights = np.array(dropped, dtype=np.float32)
        trees = [
            tree._replace(value=((base + tree.value) - base) * weight)
            for tree, weight, base in zip(trees, weights, through)
        ]
    if all(np.all(np.isfinite(tree.cover) & (tree.cover >= 0)) for tree in trees):
        return trees
    return [tree._replace(cover=None) for tree in trees]  # of a loss that bends the other way: they count nothing


def _tree(record: dict) -> forest.Tree:
    if record["categories_nodes"]:
        raise NotCompilable("categorical splits of XGBoost are not compiled")
    if int(record["tree_param"]["size_leaf_vector"]) > 1:
        raise NotCompilable("trees with vector leaves are not compiled")
    kept = _kept(record)
    left, right = np.array(record["left_children"]), np.array(record["right_children"])
    place = np.full(len(left) + 1, -1)  # the last one is for -1, of a leaf
    place[kept] = np.arange(len(kept))
    # a leaf keeps its value where an inner node keeps its threshold
    conditions = np.array(record["split_conditions"], dtype=np.float32)[kept]
    return forest.Tree(
        place[left[kept]],
        place[right[kept]],
        np.array(record["split_indices"])[kept],
        # x < t is x <= the float32 just below t
        np.nextafter(conditions, np.float32(-np.inf)),
        conditions,
        np.array(record["default_left"], dtype=bool)[kept],
        np.array(record["sum_hessian"])[kept],
    )


def _kept(record: dict) -> np.ndarray:
    """Return the indices of the nodes that the root reaches: those that pruning cut off are left where they were."""
    left, right = np.array(record["left_children"]), np.array(record["right_children"])
    if not int(record["tree_param"]["num_deleted"]):
        return np.arange(len(left))
    levels = [np.array([0])]
    while len(levels[-1]):
        parents = levels[-1][left[levels[-1]] >= 0]
        levels.append(np.concatenate([left[parents], right[parents]]))
    return np.sort(np.concatenate(levels))


def _mean_gains(records: list[dict], n_features: int) -> np.ndarray:
    """Return the mean gain [n_features] of the splits on each feature, the importances of the library's estimators."""
    total, splits = np.zeros(n_features), np.zeros(n_features)
    for record in records:
        kept = _kept(record)
        inner = kept[np.array(record["left_children"])[kept] >= 0]
        feature = np.array(record["split_indices"])[inner]
        np.add.at(total, feature, np.array(record["loss_changes"])[inner])
        np.add.at(splits, feature, 1)
    return total / np.maximum(splits, 1)
