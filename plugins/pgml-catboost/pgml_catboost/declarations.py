"""The hyperparameters of CatBoost: what can be set.

They go by the names of CatBoost's documentation; its synonyms (n_estimators, eta, ...) are among those left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgml import Choice, Float, Hyperparameter, Integer, Sequence

_SHARE = Float(above=0, maximum=1)

_SETTINGS = (
    Hyperparameter(
        "iterations",
        Integer(minimum=1),
        1000,
        "How many trees to grow.",
        search=(100, 300, 1000),
    ),
    Hyperparameter(
        "learning_rate",
        _SHARE,
        None,
        "How much each tree adds to the sum: smaller needs more trees and generalises better; null chooses by the"
        " number of rows and trees.",
        search=(None, 0.01, 0.03, 0.1, 0.3),
    ),
    Hyperparameter(
        "depth", Integer(minimum=1, maximum=16), 6, "How many levels a tree has.", search=(4, 6, 8, 10)
    ),
    Hyperparameter(
        "l2_leaf_reg",
        Float(minimum=0),
        3.0,
        "Strength of the l2 penalty on leaf values.",
        search=(1.0, 3.0, 10.0),
    ),
    Hyperparameter(
        "random_strength",
        Float(minimum=0),
        1.0,
        "How much chance has a say in which split is best; 0 leaves it none.",
        search=(0.0, 1.0, 3.0),
    ),
    Hyperparameter(
        "bootstrap_type",
        Choice("Bayesian", "Bernoulli", "MVS", "No"),
        None,
        "How rows are weighed or drawn for each tree: at random weights (Bayesian), at random (Bernoulli), those with"
        " large gradients more often (MVS), or all alike (No); null chooses by the loss and the number of rows.",
    ),
    Hyperparameter(
        "bagging_temperature",
        Float(minimum=0),
        1.0,
        "With bootstrap_type Bayesian, how unequal the random weights are; 0 makes them equal.",
    ),
    Hyperparameter(
        "subsample",
        _SHARE,
        None,
        "With bootstrap_type Bernoulli or MVS, which share of the rows each tree sees; null chooses by their number.",
        search=(None, 0.6, 0.8),
    ),
    Hyperparameter(
        "sampling_frequency",
        Choice("PerTree", "PerTreeLevel"),
        None,
        "Whether rows are drawn for each tree or anew for each level; null is for each level, but for each tree with"
        " grow_policy Lossguide.",
    ),
    Hyperparameter(
        "rsm",
        _SHARE,
        1.0,
        "Which share of the features each split chooses from, drawn at random.",
        search=(0.6, 0.8, 1.0),
    ),
    Hyperparameter(
        "border_count",
        Integer(minimum=1, maximum=65535),
        254,
        "How many thresholds are tried for a feature: fewer train faster, more are finer.",
    ),
    Hyperparameter(
        "feature_border_type",
        Choice("GreedyLogSum", "Median", "Uniform", "UniformAndQuantiles", "MaxLogSum", "MinEntropy"),
        "GreedyLogSum",
        "How these thresholds are spread over the values.",
    ),
    Hyperparameter(
        "nan_mode",
        Choice("Min", "Max"),
        "Min",
        "Whether a missing value counts as smaller than all others (Min) or larger (Max).",
    ),
    Hyperparameter(
        "grow_policy",
        Choice("SymmetricTree", "Depthwise", "Lossguide"),
        "SymmetricTree",
        "How a tree grows: all nodes of a level split alike (SymmetricTree), each by itself (Depthwise), or the leaf"
        " that gains most first (Lossguide).",
    ),
    Hyperparameter(
        "min_data_in_leaf",
        Integer(minimum=1),
        1,
        "With grow_policy Depthwise or Lossguide, how many rows a leaf must hold to be split.",
    ),
    Hyperparameter(
        "max_leaves",
        Integer(minimum=2, maximum=65536),
        31,
        "With grow_policy Lossguide, the most leaves of a tree.",
    ),
    Hyperparameter(
        "boosting_type",
        Choice("Ordered", "Plain"),
        None,
        "Whether each row's error is taken from trees that never saw it (Ordered: slow, for few rows) or not (Plain);"
        " null, as Plain, is the library's choice without categories.",
    ),
    Hyperparameter(
        "score_function",
        Choice("Cosine", "L2"),
        None,
        "How splits are scored; null takes Cosine, but L2 for grow_policy Lossguide.",
    ),
    Hyperparameter(
        "leaf_estimation_iterations",
        Integer(minimum=1),
        None,
        "How many steps are made to find the values of a tree's leaves; null chooses by the loss.",
    ),
    Hyperparameter(
        "monotone_constraints",
        Sequence(Integer(minimum=-1, maximum=1)),
        None,
        "One number a feature, in their order: 1 where the prediction may only rise with it, -1 where it may only"
        " fall, 0 where it is free.",
    ),
    Hyperparameter(
        "feature_weights",
        Sequence(Float(minimum=0)),
        None,
        "How much a split on each feature counts when splits are compared, one number a feature, in their order.",
    ),
    Hyperparameter(
        "early_stopping_rounds",
        Integer(minimum=1),
        None,
        "Stops after this many trees without improvement on rows held out from training, and keeps the trees up to"
        " the best; null never does.",
    ),
    Hyperparameter(
        "validation_fraction",
        Float(above=0, below=1),
        0.1,
        "With early_stopping_rounds, which share of the training rows is held out (pgml's own setting).",
        without_effect="it matters only where boosting stops at another round for it",
    ),
    Hyperparameter(
        "thread_count",
        Integer(minimum=1),
        1,
        "How many processors to train on; null takes all that there are, as the library does. More help with many"
        " rows, on a machine that has them to spare.",
        nullable=True,
    ),
    Hyperparameter(
        "random_seed",
        Integer(minimum=0, maximum=2**31 - 1),
        0,
        "Seed of every random choice: the same seed trains the same model again.",
    ),
)

# loss: the one setting that it has
_SETTING_OF = {
    "Quantile": "alpha",
    "Expectile": "alpha",
    "Huber": "delta",
    "Lq": "q",
    "Tweedie": "variance_power",
}

# setting: the other one that it depends on, and the values with which it applies
_ONLY_WITH = {
    "bagging_temperature": ("bootstrap_type", ("Bayesian",)),
    "subsample": ("bootstrap_type", ("Bernoulli", "MVS")),
    "min_data_in_leaf": ("grow_policy", ("Depthwise", "Lossguide")),
    "max_leaves": ("grow_policy", ("Lossguide",)),
}

REGRESSION = (
    Hyperparameter(
        "loss_function",
        Choice(
            "RMSE", "MAE", "Quantile", "Huber", "LogCosh", "Expectile", "Lq", "MAPE", "Poisson", "Tweedie"
        ),
        "RMSE",
        "The loss that is lowered: squares (RMSE); absolute errors and others that resist outliers (MAE, Huber,"
        " LogCosh, Lq); a Quantile or Expectile; relative errors (MAPE); Poisson for counts; Tweedie for amounts.",
    ),
    Hyperparameter(
        "alpha",
        Float(above=0, below=1),
        0.5,
        "With Quantile or Expectile, which one to predict: 0.5 is the median or the mean.",
    ),
    Hyperparameter(
        "delta",
        Float(above=0),
        1.0,
        "With Huber, the error from which on it counts linearly (the library has no default).",
    ),
    Hyperparameter(
        "q",
        Float(minimum=1),
        2.0,
        "With Lq, the power of the error that is lowered (the library has no default).",
    ),
    Hyperparameter(
        "variance_power",
        Float(above=1, below=2),
        1.5,
        "With Tweedie, how the variance grows with the mean: near 1 as Poisson, near 2 as gamma.",
    ),
    *_SETTINGS,
)

CLASSIFICATION = (
    Hyperparameter(
        "auto_class_weights",
        Choice("Balanced", "SqrtBalanced"),
        None,
        "With Balanced, rare classes weigh as much as frequent ones, with SqrtBalanced half the way; null lets every"
        " row weigh the same.",
        search=(None, "Balanced"),
    ),
    Hyperparameter(
        "scale_pos_weight",
        Float(above=0),
        1.0,
        "With two classes, how much a row of the second weighs; rows of the first weigh 1.",
    ),
    *_SETTINGS,
)


def library_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters as the library takes them: those that apply, the loss and its setting as one text."""
    given = {name: value for name, value in values.items() if value is not None}
    del given["validation_fraction"]
    settings = {name: given.pop(name) for name in set(_SETTING_OF.values()) if name in given}
    setting = _SETTING_OF.get(given.get("loss_function"))
    if setting:
        given["loss_function"] += f":{setting}={settings[setting]!r}"
    for name, (other, applies) in _ONLY_WITH.items():
        if name in given and given.get(other) not in applies:
            del given[name]
    if given.get("scale_pos_weight") == 1:  # the library takes it for two classes only, whatever it is
        del given["scale_pos_weight"]
    return given
