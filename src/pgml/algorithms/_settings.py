"""Hyperparameters that several of the built-in algorithms share, each declared once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pgml.plugin.hyperparameters import (
    Boolean,
    Choice,
    Constraint,
    Float,
    Hyperparameter,
    Integer,
    Kind,
    Sequence,
)


class CountOrShare(Kind):
    """A whole number says how many; a number with a decimal point, at most 1.0, says which share of all."""

    type = "integer or float"

    def __init__(self, minimum_count: int = 1, largest_share: float = 1.0):
        self.minimum_count = minimum_count
        self.minimum = 0.0
        self.largest_share = largest_share
        self.rule = (
            f"a whole number at least {minimum_count} (how many), "
            f"or a number with a decimal point above 0.0 and at most {largest_share} (which share)"
        )

    def convert(self, value: Any) -> int | float:
        if isinstance(value, float) and 0 < value <= self.largest_share:
            return value
        try:
            return Integer(minimum=self.minimum_count).convert(value)
        except ValueError:
            raise ValueError(self.rule) from None

    def schema(self) -> dict[str, Any]:
        share = Float(above=0, maximum=self.largest_share)
        return {"anyOf": [Integer(minimum=self.minimum_count).schema(), share.schema()]}


class Processors(Integer):
    """How many processors: 1 or more, or -1 for all that there are."""

    rule = "a whole number at least 1, or -1 for all processors"

    def __init__(self) -> None:
        super().__init__(minimum=-1)

    def convert(self, value: Any) -> int:
        try:
            count = super().convert(value)
        except ValueError:
            raise ValueError(self.rule) from None
        if count == 0:
            raise ValueError(self.rule)
        return count

    def schema(self) -> dict[str, Any]:
        return {**super().schema(), "not": {"const": 0}}


FIT_INTERCEPT = Hyperparameter(
    "fit_intercept",
    Boolean(),
    True,
    "Whether to fit a constant term; without it the prediction is 0 where every (standardised) feature is 0.",
)
RANDOM_STATE = Hyperparameter(
    "random_state",
    Integer(minimum=0, maximum=2**32 - 1),
    0,
    "Seed of every random choice: the same seed trains the same model again.",
)
N_JOBS = Hyperparameter(
    "n_jobs",
    Processors(),
    1,
    "How many processors to train on; -1 takes all that there are.",
    without_effect="it changes nothing but the speed",
)
TOLERANCE = Hyperparameter(
    "tol",
    Float(above=0),
    1e-4,
    "When to stop: once an iteration improves the fit by less than this.",
    search=(1e-5, 1e-4, 1e-3),
)
MAX_ITER = Hyperparameter("max_iter", Integer(minimum=1), 1000, "The most iterations the solver makes.")
ALPHA = Hyperparameter(
    "alpha",
    Float(minimum=0),
    1.0,
    "Strength of the penalty on large coefficients; 0 means none.",
    search=(0.001, 0.01, 0.1, 1.0, 10.0, 100.0),
)
CLASS_WEIGHT = Hyperparameter(
    "class_weight",
    Choice("balanced"),
    None,
    "With balanced, rare classes weigh as much as frequent ones; null lets every row weigh the same.",
    search=(None, "balanced"),
)
POSITIVE = Hyperparameter("positive", Boolean(), False, "Whether all coefficients must be positive or zero.")

N_ESTIMATORS = Hyperparameter(
    "n_estimators", Integer(minimum=1), 100, "How many trees to grow.", search=(50, 100, 200, 500)
)
LEARNING_RATE = Hyperparameter(
    "learning_rate",
    Float(above=0),
    0.1,
    "How much each tree adds to the sum: smaller needs more trees and generalises better.",
    search=(0.01, 0.05, 0.1, 0.2, 0.3),
)
MAX_DEPTH = Hyperparameter(
    "max_depth",
    Integer(minimum=1),
    None,
    "The most levels of a tree; null grows each until its leaves are pure or too small to split.",
    search=(None, 3, 6, 10, 20),
)
MAX_LEAF_NODES = Hyperparameter(
    "max_leaf_nodes",
    Integer(minimum=2),
    None,
    "The most leaves of a tree, the best splits first; null means no limit.",
    search=(None, 16, 64, 256),
)
MIN_SAMPLES_SPLIT = Hyperparameter(
    "min_samples_split",
    CountOrShare(minimum_count=2),
    2,
    "How many rows (or which share of them) a node must hold to be split.",
    search=(2, 5, 10),
)
MIN_SAMPLES_LEAF = Hyperparameter(
    "min_samples_leaf",
    CountOrShare(largest_share=0.5),
    1,
    "How many rows (or which share of them) a leaf must hold.",
    search=(1, 2, 5, 10),
)
MIN_WEIGHT_FRACTION_LEAF = Hyperparameter(
    "min_weight_fraction_leaf",
    Float(minimum=0, maximum=0.5),
    0.0,
    "Which share of the total weight of all rows a leaf must hold.",
)
MIN_IMPURITY_DECREASE = Hyperparameter(
    "min_impurity_decrease",
    Float(minimum=0),
    0.0,
    "A node is split only where this lowers the weighted impurity by at least so much.",
)
CCP_ALPHA = Hyperparameter(
    "ccp_alpha",
    Float(minimum=0),
    0.0,
    "Prunes each grown tree: branches that gain less than this for each leaf are cut; 0 prunes nothing.",
)
VALIDATION_FRACTION = Hyperparameter(
    "validation_fraction",
    Float(above=0, below=1),
    0.1,
    "Which share of the training rows is held out to decide when to stop early.",
)
N_ITER_NO_CHANGE = Hyperparameter(
    "n_iter_no_change",
    Integer(minimum=1),
    5,
    "Stops early after this many iterations in a row without improvement.",
)
MONOTONIC = Hyperparameter(
    "monotonic_cst",
    Sequence(Integer(minimum=-1, maximum=1)),
    None,
    "One number a feature, in their order: 1 where the prediction may only rise with it, -1 where it may only"
    " fall, 0 where it is free.",
)
ONE_A_FEATURE = Constraint(
    "monotonic_cst must have one number a feature",
    lambda monotonic_cst, X: monotonic_cst is None or len(monotonic_cst) == X.shape[1],
)
TWO_CLASSES_ONLY = Constraint(
    "monotonic_cst must be null where there are more than two classes",
    lambda monotonic_cst, y: monotonic_cst is None or y.max() < 2,
)

_REASONS = {
    "copy_X": "an algorithm may never change the arrays that it is given",
    "copy_X_train": "an algorithm may never change the arrays that it is given",
    "precompute": "it changes nothing but the speed, and the solver chooses well by itself",
    "verbose": "there is no terminal to print to",
    "warm_start": "every training starts from nothing, so that it can be repeated",
    "oob_score": "every model is scored on the test rows, the same for all algorithms",
}


def because(*names: str, **reasons: str) -> Mapping[str, str]:
    """Return why parameters are left out: the usual reasons for ``names``, and those that are given."""
    return {**{name: _REASONS[name] for name in names}, **reasons}


def can_hold_out(share: float, y: Any) -> bool:
    """Return whether ``share`` of the rows can be held out with rows of each class of ``y`` on both sides."""
    import numpy

    held_out = math.ceil(share * len(y))
    kept = len(y) - held_out
    if y.dtype.kind == "f":
        return kept > 0
    counts = numpy.bincount(y)
    return counts.min() >= 2 and min(kept, held_out) >= len(counts)


def has_missing(X: Any) -> bool:
    """Return whether a value of ``X`` is missing (NaN)."""
    import numpy

    return bool(numpy.isnan(X).any())
