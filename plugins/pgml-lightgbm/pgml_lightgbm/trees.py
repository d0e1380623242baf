"""LightGBM's text format, read and compiled to a forest.

The format is that of ``Booster.model_to_string``, version 4. The rules of prediction are those of ``Tree`` in
LightGBM's include/LightGBM/tree.h and of ``GBDT::PredictRaw``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pgml.predictors import NotCompilable, Predictor
from pgml.predictors.build import forest

# bits of a node's decision_type
_CATEGORICAL = 1
_DEFAULT_LEFT = 2
_MISSING_SHIFT = 2
_MISSING_NONE, _MISSING_ZERO, _MISSING_NAN = range(3)

# What is no larger than this is zero to LightGBM: kZeroThreshold, a float32.
_ZERO = float(np.float32(1e-35))

# objective: output of the predictor
_OUTPUTS = {
    "regression": "value",
    "regression_l1": "value",
    "huber": "value",
    "fair": "value",
    "quantile": "value",
    "mape": "value",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
    "binary": "logistic",
    "multiclass": "softmax",
}


class Model(NamedTuple):
    """What the text says: the objective with its parameters, the trees, and what splits on each feature gained."""

    objective: list[str]
    n_features: int
    n_scores: int
    averaged: bool
    trees: list[forest.Tree]
    gains: np.ndarray


def parse(text: str) -> Model:
    """Return the model of that text.

    Raises ValueError or KeyError where the text is no model, NotCompilable where it has what a forest has not:
    splits on categories, zeros that are missing values, linear models in leaves.
    """
    all_trees, end, _ = text.partition("\nend of trees\n")
    if not end:
        raise ValueError("the trees do not end")
    header, *trees = all_trees.split("\nTree=")
    about = _entries(header)
    if about["version"] != "v4":
        raise NotCompilable(f"LightGBM's format {about['version']} is not known, only v4")
    described = [_entries(tree) for tree in trees]
    n_features = int(about["max_feature_idx"]) + 1
    return Model(
        objective=about["objective"].split(),
        n_features=n_features,
        n_scores=int(about["num_tree_per_iteration"]),
        averaged="average_output" in header.splitlines(),
        trees=[_tree(entries) for entries in described],
        gains=_gains(described, n_features),
    )


def compiled(model: Model, classes: Sequence[int] | None) -> Predictor:
    """Return the predictor of a model; raise NotCompilable for an objective that is not known."""
    objective = model.objective[0]
    output = _OUTPUTS.get(objective)
    if output is None or "sqrt" in model.objective:
        raise NotCompilable(f"the objective {' '.join(model.objective)} is not compiled")
    rounds, rest = divmod(len(model.trees), model.n_scores)
    if rest or not rounds:
        raise ValueError(f"{len(model.trees)} trees do not make rounds of {model.n_scores}")
    return forest.predictor(
        model.trees,
        model.n_features,
        scores=np.tile(np.arange(model.n_scores), rounds),
        divisor=rounds if model.averaged else None,
        missing=True,
        output=output,
        classes=classes,
    ).prepared(importances=model.gains)


def _entries(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _tree(entries: dict[str, str]) -> forest.Tree:
    """Return a tree: the library numbers inner nodes from 0 and leaves from -1 downwards; here leaves come last."""
    n_leaves = int(entries["num_leaves"])
    n_inner = n_leaves - 1
    leaves = _numbers(entries["leaf_value"], float, n_leaves)
    counts = _numbers(entries["leaf_count"], float, n_leaves)
    if int(entries["num_cat"]) or int(entries.get("is_linear", "0")):
        raise NotCompilable("categorical splits and linear leaves are not compiled")
    if not n_inner:
        return forest.Tree(*np.array([[-1], [-1], [0], [0]]), leaves, np.array([False]), counts)
    left, right, feature, decision = (
        _numbers(entries[name], int, n_inner)
        for name in ("left_child", "right_child", "split_feature", "decision_type")
    )
    threshold = _numbers(entries["threshold"], float, n_inner)
    missing = decision >> _MISSING_SHIFT
    if np.any(decision & _CATEGORICAL) or np.any(missing == _MISSING_ZERO):
        raise NotCompilable("splits on categories, or where zero is a missing value, are not compiled")
    # A node that saw no missing value takes one for zero.
    missing_left = np.where(missing == _MISSING_NAN, (decision & _DEFAULT_LEFT) != 0, threshold >= 0)
    # All that is nearly zero is zero: a threshold among it lies below or above all of it.
    nearly_zero = np.abs(threshold) <= _ZERO
    threshold[nearly_zero] = np.where(threshold[nearly_zero] >= 0, _ZERO, np.nextafter(-_ZERO, -np.inf))
    absent = np.full(n_leaves, -1)
    nothing = np.zeros(n_leaves)
    return forest.Tree(
        left=np.concatenate([_places(left, n_inner), absent]),
        right=np.concatenate([_places(right, n_inner), absent]),
        feature=np.concatenate([feature, nothing.astype(int)]),
        threshold=np.concatenate([threshold, nothing]),
        value=np.concatenate([np.zeros(n_inner), leaves]),
        missing_left=np.concatenate([missing_left, nothing.astype(bool)]),
        cover=np.concatenate([_numbers(entries["internal_count"], float, n_inner), counts]),
    )


def _gains(described: Sequence[dict[str, str]], n_features: int) -> np.ndarray:
    """Return the sum of what the splits on each feature gained, as the library's importances of the kind gain."""
    gains = np.zeros(n_features)
    for entries in described:
        n_inner = int(entries["num_leaves"]) - 1
        gain = _numbers(entries["split_gain"], float, n_inner)
        feature = _numbers(entries["split_feature"], int, n_inner)
        if np.any((feature < 0) | (feature >= n_features)):
            raise ValueError(f"a tree asks for a feature outside 0 .. {n_features - 1}")
        np.add.at(gains, feature, np.maximum(gain, 0))
    return gains


def _places(children: np.ndarray, n_inner: int) -> np.ndarray:
    return np.where(children >= 0, children, n_inner - 1 - children)


def _numbers(text: str, kind: type, count: int) -> np.ndarray:
    numbers = np.array(text.split(), dtype=kind)
    if len(numbers) != count:
        raise ValueError(f"{len(numbers)} numbers where there must be {count}")
    return numbers
