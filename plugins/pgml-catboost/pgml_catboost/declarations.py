"""The hyperparameters of CatBoost: what can be set, what must hold between them, and what is left out and why.

They go by the names of CatBoost's documentation; its synonyms (n_estimators, eta, ...) are among those left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pgml import Choice, Constraint, Float, Hyperparameter, Integer, Sequence

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
    Hyperparameter("depth", Integer(minimum=1, maximum=16), 6, "How many levels a tree has.", search=(4, 6, 8, 10)),
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
        "rsm", _SHARE, 1.0, "Which share of the features each split chooses from, drawn at random.", search=(0.6, 0.8, 1.0)
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
_SETTING_OF = {"Quantile": "alpha", "Expectile": "alpha", "Huber": "delta", "Lq": "q", "Tweedie": "variance_power"}

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
        Choice("RMSE", "MAE", "Quantile", "Huber", "LogCosh", "Expectile", "Lq", "MAPE", "Poisson", "Tweedie"),
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


def _can_hold_out(share: float, y: Any) -> bool:
    """Return whether ``share`` of the rows can be held out with rows of each class of ``y`` on both sides."""
    import numpy

    held_out = math.ceil(share * len(y))
    if y.dtype.kind == "f":
        return held_out < len(y)
    counts = numpy.bincount(y)
    return counts.min() >= 2 and min(len(y) - held_out, held_out) >= len(counts)


CONSTRAINTS = (
    Constraint(
        "boosting_type must be Plain or null where grow_policy is not SymmetricTree",
        lambda boosting_type, grow_policy: boosting_type != "Ordered" or grow_policy == "SymmetricTree",
    ),
    Constraint(
        "sampling_frequency must be PerTree or null where grow_policy is Lossguide",
        lambda sampling_frequency, grow_policy: (
            sampling_frequency != "PerTreeLevel" or grow_policy != "Lossguide"
        ),
    ),
    Constraint(
        "score_function must be L2 or null where grow_policy is Lossguide",
        lambda score_function, grow_policy: score_function != "Cosine" or grow_policy != "Lossguide",
    ),
    Constraint(
        "monotone_constraints must be null where grow_policy is not SymmetricTree",
        lambda monotone_constraints, grow_policy: (
            monotone_constraints is None or grow_policy == "SymmetricTree"
        ),
    ),
    Constraint(
        "monotone_constraints must have one number a feature",
        lambda monotone_constraints, X: (
            monotone_constraints is None or len(monotone_constraints) == X.shape[1]
        ),
    ),
    Constraint(
        "feature_weights must have one number a feature",
        lambda feature_weights, X: feature_weights is None or len(feature_weights) == X.shape[1],
    ),
    Constraint(
        "validation_fraction must leave rows of each class on both sides where early_stopping_rounds is given",
        lambda validation_fraction, early_stopping_rounds, y: (
            early_stopping_rounds is None or _can_hold_out(validation_fraction, y)
        ),
    ),
)

REGRESSION_CONSTRAINTS = (
    Constraint(
        "monotone_constraints must be null where loss_function is MAE, Quantile, MAPE or LogCosh",
        lambda monotone_constraints, loss_function: (
            monotone_constraints is None or loss_function not in ("MAE", "Quantile", "MAPE", "LogCosh")
        ),
    ),
    Constraint(
        "the target must not be negative where loss_function is Poisson or Tweedie",
        lambda loss_function, y: loss_function not in ("Poisson", "Tweedie") or y.min() >= 0,
    ),
)

CLASSIFICATION_CONSTRAINTS = (
    Constraint(
        "monotone_constraints must be null where there are more than two classes",
        lambda monotone_constraints, y: monotone_constraints is None or y.max() < 2,
    ),
    Constraint(
        "scale_pos_weight must be 1 where there are more than two classes",
        lambda scale_pos_weight, y: scale_pos_weight == 1 or y.max() < 2,
    ),
    Constraint(
        "scale_pos_weight must be 1 where auto_class_weights is given",
        lambda scale_pos_weight, auto_class_weights: scale_pos_weight == 1 or auto_class_weights is None,
    ),
)

_CATEGORIES = "categories reach the algorithm as numbers"
_COMPUTER = "it changes where and how fast the trees are grown, not which"
_COSTS = "what it costs to use a feature is no concern here"
_FILES = "training writes no files"
_LABELS = "it follows from the labels"
_LIBRARY = "the library chooses what fits the loss"
_REPORTS = "it changes what is reported, not the model"
_SAMPLING = "it is for models that estimate how uncertain they are"
_STOPPING = "early_stopping_rounds says when to stop"
_WORDS = "features are numbers"

LEFT_OUT = {
    "allow_const_label": "pgml sets it: a target that is the same in all rows is predicted",
    "allow_writing_files": _FILES,
    "approx_on_full_history": _LIBRARY,
    "best_model_min_trees": _STOPPING,
    "boost_from_average": _LIBRARY,
    "cat_features": _CATEGORIES,
    "colsample_bylevel": "it is another name of rsm",
    "combinations_ctr": _CATEGORIES,
    "counter_calc_method": _CATEGORIES,
    "ctr_description": _CATEGORIES,
    "ctr_history_unit": _CATEGORIES,
    "ctr_leaf_count_limit": _CATEGORIES,
    "ctr_target_border_count": _CATEGORIES,
    "custom_metric": _REPORTS,
    "data_partition": _COMPUTER,
    "dev_efb_max_buckets": _COMPUTER,
    "dev_score_calc_obj_block_size": _COMPUTER,
    "device_config": _COMPUTER,
    "devices": _COMPUTER,
    "dictionaries": _WORDS,
    "diffusion_temperature": _SAMPLING,
    "embedding_features": _WORDS,
    "eta": "it is another name of learning_rate",
    "eval_fraction": "validation_fraction holds rows out",
    "eval_metric": "early stopping watches the loss that is lowered",
    "feature_calcers": _WORDS,
    "final_ctr_computation_mode": _CATEGORIES,
    "first_feature_use_penalties": _COSTS,
    "fixed_binary_splits": _COMPUTER,
    "fold_len_multiplier": _LIBRARY,
    "fold_permutation_block": _LIBRARY,
    "gpu_cat_features_storage": _COMPUTER,
    "gpu_ram_part": _COMPUTER,
    "has_time": "rows have no order",
    "ignored_features": "leave the columns out of the view that is trained on",
    "input_borders": _FILES,
    "langevin": _SAMPLING,
    "leaf_estimation_backtracking": _LIBRARY,
    "leaf_estimation_method": _LIBRARY,
    "logging_level": "there is no terminal to print to",
    "max_bin": "it is another name of border_count",
    "max_ctr_complexity": _CATEGORIES,
    "max_depth": "it is another name of depth",
    "metadata": _REPORTS,
    "metric_period": _REPORTS,
    "min_child_samples": "it is another name of min_data_in_leaf",
    "model_shrink_mode": "l2_leaf_reg and learning_rate shrink the model",
    "model_shrink_rate": "l2_leaf_reg and learning_rate shrink the model",
    "model_size_reg": _CATEGORIES,
    "mvs_reg": _LIBRARY,
    "n_estimators": "it is another name of iterations",
    "name": _REPORTS,
    "num_boost_round": "it is another name of iterations",
    "num_leaves": "it is another name of max_leaves",
    "num_trees": "it is another name of iterations",
    "objective": "it is another name of loss_function",
    "od_pval": _STOPPING,
    "od_type": _STOPPING,
    "od_wait": _STOPPING,
    "one_hot_max_size": _CATEGORIES,
    "output_borders": _FILES,
    "penalties_coefficient": _COSTS,
    "per_feature_ctr": _CATEGORIES,
    "per_float_feature_quantization": "border_count and feature_border_type hold for all features",
    "per_object_feature_penalties": _COSTS,
    "pinned_memory_size": _COMPUTER,
    "posterior_sampling": _SAMPLING,
    "random_score_type": _LIBRARY,
    "random_state": "it is another name of random_seed",
    "reg_lambda": "it is another name of l2_leaf_reg",
    "sampling_unit": "rows are not grouped",
    "save_snapshot": _FILES,
    "silent": "there is no terminal to print to",
    "simple_ctr": _CATEGORIES,
    "snapshot_file": _FILES,
    "snapshot_interval": _FILES,
    "sparse_features_conflict_fraction": _COMPUTER,
    "store_all_simple_ctr": _CATEGORIES,
    "target_border": "a view can turn the target into labels",
    "task_type": _COMPUTER,
    "text_features": _WORDS,
    "text_processing": _WORDS,
    "tokenizers": _WORDS,
    "train_dir": _FILES,
    "use_best_model": _STOPPING,
    "used_ram_limit": _COMPUTER,
    "verbose": "there is no terminal to print to",
}

CLASSIFICATION_LEFT_OUT = {
    "callback": "it is code, not a value",
    "class_names": _LABELS,
    "class_weights": "auto_class_weights weighs the classes",
    "classes_count": _LABELS,
    "custom_loss": _REPORTS,
    "loss_function": "it follows from the labels: Logloss for two classes, else MultiClass",
}
