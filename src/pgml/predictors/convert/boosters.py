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
    trees, scores = _trees(machine, start, rounds, in_place)
    return forest.predictor(trees, n_features, start=start, scores=scores, input="single", **common)


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


def _trees(machine: dict, start: np.ndarray, rounds: int | None, in_place: bool) -> tuple[list[forest.Tree], list[int]]:
    """Return the trees of that many rounds and the score that each adds to."""
    model = machine["gbtree"]["model"] if "gbtree" in machine else machine["model"]
    n_trees = len(model["trees"]) if rounds is None else model["iteration_indptr"][rounds]
    scores = model["tree_info"][:n_trees]
    trees = [_tree(record) for record in model["trees"][:n_trees]]
    if "weight_drop" in machine:
        weights = np.array(machine["weight_drop"], dtype=np.float32)
        # ``predict`` of an estimator predicts in place, which adds the start to each tree and takes it off again
        through = start[scores] if in_place else np.zeros(n_trees, np.float32)
        trees = [
            tree._replace(value=((base + tree.value) - base) * weight)
            for tree, weight, base in zip(trees, weights, through)
        ]
    return trees, scores


def _tree(record: dict) -> forest.Tree:
    if record["categories_nodes"]:
        raise NotCompilable("categorical splits of XGBoost are not compiled")
    if int(record["tree_param"]["size_leaf_vector"]) > 1:
        raise NotCompilable("trees with vector leaves are not compiled")
    # a leaf keeps its value where an inner node keeps its threshold
    conditions = np.array(record["split_conditions"], dtype=np.float32)
    tree = forest.Tree(
        np.array(record["left_children"]),
        np.array(record["right_children"]),
        np.array(record["split_indices"]),
        # x < t is x <= the float32 just below t
        np.nextafter(conditions, np.float32(-np.inf)),
        conditions,
        np.array(record["default_left"], dtype=bool),
    )
    return _without_deleted(tree) if int(record["tree_param"]["num_deleted"]) else tree


def _without_deleted(tree: forest.Tree) -> forest.Tree:
    """Return the tree without the nodes that pruning has cut off and left where they were."""
    levels = [np.array([0])]
    while len(levels[-1]):
        parents = levels[-1][tree.left[levels[-1]] >= 0]
        levels.append(np.concatenate([tree.left[parents], tree.right[parents]]))
    kept = np.sort(np.concatenate(levels))
    place = np.full(len(tree.left) + 1, -1)  # the last one is for -1, of a leaf
    place[kept] = np.arange(len(kept))
    kept_part = forest.Tree(*(part[kept] for part in tree))
    return kept_part._replace(left=place[kept_part.left], right=place[kept_part.right])
