"""Compile scikit-learn's ensembles of decision trees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pgml.predictors.build import forest
from pgml.predictors.build.predictor import NotCompilable, Predictor


def scikit_tree(tree, *, value: np.ndarray | None = None, features: Sequence[int] | None = None) -> forest.Tree:
    """Return a scikit-learn ``tree_`` as arrays.

    ``value`` ([n_nodes] or [n_nodes, k]) replaces the tree's own, which is the mean of the target or the
    classes' fractions. ``features`` are the columns that the tree was trained on, None: all, in order.
    """
    state = tree.__getstate__()["nodes"]
    feature = state["feature"] if features is None else np.asarray(features)[np.maximum(state["feature"], 0)]
    if value is None:
        value = tree.value[:, 0, 0] if tree.max_n_classes == 1 else tree.value[:, 0, :]
    return forest.Tree(
        state["left_child"],
        state["right_child"],
        feature,
        state["threshold"],
        value,
        state["missing_go_to_left"].astype(bool),
        state["weighted_n_node_samples"],
    )


def random_forest(estimator) -> Predictor:
    """Return the predictor of a RandomForest, ExtraTrees or DecisionTree estimator: the mean of its trees."""
    members = getattr(estimator, "estimators_", [estimator])
    mean = _mean(estimator, members, [None] * len(members))
    return mean.prepared(importances=_mean_importances(members, estimator.n_features_in_))


def _mean_importances(members: Sequence, n_features: int) -> np.ndarray:
    """Return a forest's ``feature_importances_``, without the thread that it starts for each tree: most of its time."""
    grown = [member.tree_ for member in members if member.tree_.node_count > 1]
    return np.mean([tree.compute_feature_importances() for tree in grown] or np.zeros((1, n_features)), axis=0)


def bagging(estimator) -> Predictor:
    """Return the predictor of a Bagging estimator whose members are decision trees: the mean of its trees."""
    return _mean(estimator, estimator.estimators_, estimator.estimators_features_)


def _mean(estimator, members: Sequence, subsets: Sequence) -> Predictor:
    _require_trees(members)
    classes = getattr(estimator, "classes_", None)
    trees = []
    for member, features in zip(members, subsets):
        value = None
        if classes is not None:
            value = np.zeros((member.tree_.node_count, len(classes)))
            # a member that did not see every class numbers its own; without bootstrap they are all there
            seen = np.arange(len(classes)) if member is estimator else member.classes_.astype(int)
            value[:, seen] = member.tree_.value[:, 0, : len(seen)]
        trees.append(scikit_tree(member.tree_, value=value, features=features))
    return forest.predictor(
        trees,
        estimator.n_features_in_,
        divisor=len(trees),
        input="single",
        missing=_knows_missing(members),
        output="value" if classes is None else "probability",
        classes=classes,
    )


def gradient_boosting(estimator) -> Predictor:
    """Return the predictor of a GradientBoosting estimator; raises NotCompilable for an ``init`` that is a model."""
    stages = estimator.estimators_
    rate = estimator.learning_rate
    trees = [scikit_tree(member.tree_, value=rate * member.tree_.value[:, 0, 0]) for member in stages.ravel()]
    if not (estimator.init_ == "zero" if isinstance(estimator.init_, str) else _is_constant(estimator.init_)):
        raise NotCompilable("gradient boosting that starts from another model is not compiled")
    start = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))[0]
    classes = getattr(estimator, "classes_", None)
    predictor = forest.predictor(
        trees,
        estimator.n_features_in_,
        start=start,
        scores=np.tile(np.arange(stages.shape[1]), stages.shape[0]),
        input="single",
        output=_boosted_output(estimator, classes),
        classes=classes,
    )
    return predictor.prepared(importances=estimator.feature_importances_)


def _is_constant(init) -> bool:
    return type(init).__name__ in ("DummyRegressor", "DummyClassifier")


def _boosted_output(estimator, classes) -> str:
    if classes is None:
        return "value"
    if len(classes) > 2:
        return "softmax"
    return "exponential" if estimator.loss == "exponential" else "logistic_closed"


def hist_gradient_boosting(estimator) -> Predictor:
    """Return the predictor of a HistGradientBoosting estimator; raises NotCompilable where it has categories."""
    if estimator.is_categorical_ is not None and np.any(estimator.is_categorical_):
        raise NotCompilable("histogram gradient boosting with categories is not compiled")
    trees, scores = [], []
    for iteration in estimator._predictors:
        for score, member in enumerate(iteration):
            nodes, leaf = member.nodes, member.nodes["is_leaf"].astype(bool)
            trees.append(
                forest.Tree(
                    np.where(leaf, -1, nodes["left"].astype(np.int64)),
                    np.where(leaf, -1, nodes["right"].astype(np.int64)),
                    nodes["feature_idx"],
                    nodes["num_threshold"],
                    nodes["value"],
                    nodes["missing_go_to_left"].astype(bool),
                    nodes["count"],
                )
            )
            scores.append(score)
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        output = "value" if estimator.loss in ("squared_error", "absolute_error", "quantile") else "exp"
    else:
        output = "logistic" if len(classes) == 2 else "softmax"
    return forest.predictor(
        trees,
        estimator.n_features_in_,
        start=np.ravel(estimator._baseline_prediction),
        scores=scores,
        missing=True,
        output=output,
        classes=classes,
    )


def ada_boost(estimator) -> Predictor:
    """Return the predictor of an AdaBoost estimator whose members are decision trees."""
    members, weights = estimator.estimators_, np.asarray(estimator.estimator_weights_, np.float64)
    _require_trees(members)
    weights = weights[: len(members)]
    common = {"input": "single", "missing": _knows_missing(members)}
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        trees = [scikit_tree(member.tree_) for member in members]
        predictor = forest.predictor(
            trees, estimator.n_features_in_, aggregation="median", weights=weights, **common
        )
        return predictor.prepared(importances=estimator.feature_importances_)
    if len(classes) < 2:
        raise NotCompilable("AdaBoost of a single class is not compiled")
    trees = []
    for member, weight in zip(members, weights):
        winner = member.classes_[member.tree_.value[:, 0, :].argmax(axis=1)]
        if len(classes) == 2:
            # -(votes for the first) + (votes for the second), which are each other's negative
            value = np.where(winner == classes[1], 2 * weight, -2 * weight)
        else:
            value = np.where(winner[:, None] == classes[None, :], weight, -1 / (len(classes) - 1) * weight)
        trees.append(scikit_tree(member.tree_, value=value))
    divisor = estimator.estimator_weights_.sum()
    predictor = forest.predictor(
        trees, estimator.n_features_in_, divisor=divisor, output="samme", classes=classes, **common
    )
    return predictor.prepared(importances=estimator.feature_importances_)


def _require_trees(members: Sequence) -> None:
    for member in members:
        if not hasattr(member, "tree_"):
            raise NotCompilable(f"an ensemble of {type(member).__name__} is not compiled, only decision trees are")
        if member.tree_.n_outputs != 1:
            raise NotCompilable("trees of several targets are not compiled")


def _knows_missing(members: Sequence) -> bool:
    return all(member.__sklearn_tags__().input_tags.allow_nan for member in members)
