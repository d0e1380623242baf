"""The hyperparameters of LightGBM: what can be set, what must hold between them, and what is left out and why.

Where scikit-learn and LightGBM itself have different names for one thing, it goes by the name that
``LGBMRegressor`` and ``LGBMClassifier`` give it.
"""

from __future__ import annotations

import math
from typing import Any

from pgml import Boolean, Choice, Constraint, Float, Hyperparameter, Integer, Sequence

_SHARE = Float(above=0, maximum=1)
_LARGEST_SEED = 2**31 - 1

_SETTINGS = (
    Hyperparameter(
        "boosting_type",
        Choice("gbdt", "dart", "rf"),
        "gbdt",
        "How trees are added: each on the errors so far (gbdt), with dropout (dart), or as a random forest (rf).",
    ),
    Hyperparameter(
        "n_estimators",
        Integer(minimum=1),
        100,
        "How many rounds of boosting: each adds one tree, or one for each of three or more classes.",
        search=(50, 100, 200, 500),
    ),
    Hyperparameter(
        "learning_rate",
        Float(above=0),
        0.1,
        "How much each tree adds to the sum: smaller needs more trees and generalises better.",
        search=(0.01, 0.05, 0.1, 0.2),
    ),
    Hyperparameter(
        "num_leaves",
        Integer(minimum=2, maximum=131072),
        31,
        "The most leaves of a tree: the main setting of how closely trees follow the data.",
        search=(7, 15, 31, 63, 127),
    ),
    Hyperparameter(
        "max_depth",
        Integer(minimum=1),
        None,
        "The most levels of a tree; null (the library's -1) leaves it to num_leaves.",
    ),
    Hyperparameter(
        "min_child_samples",
        Integer(minimum=0),
        20,
        "How many rows a leaf must hold.",
        search=(5, 10, 20, 50),
    ),
    Hyperparameter(
        "min_child_weight",
        Float(minimum=0),
        0.001,
        "The least total weight (second derivatives of the loss) of the rows in a leaf.",
    ),
    Hyperparameter(
        "min_split_gain",
        Float(minimum=0),
        0.0,
        "A leaf is split only where this lowers the loss by at least so much.",
    ),
    Hyperparameter(
        "reg_alpha",
        Float(minimum=0),
        0.0,
        "Strength of the l1 penalty on leaf values.",
        search=(0.0, 0.1, 1.0),
    ),
    Hyperparameter(
        "reg_lambda",
        Float(minimum=0),
        0.0,
        "Strength of the l2 penalty on leaf values.",
        search=(0.0, 0.1, 1.0, 10.0),
    ),
    Hyperparameter(
        "subsample",
        _SHARE,
        1.0,
        "Which share of the rows trees are grown on, drawn at random every subsample_freq rounds.",
        search=(0.6, 0.8, 1.0),
    ),
    Hyperparameter(
        "subsample_freq",
        Integer(minimum=0),
        0,
        "After how many rounds the rows are drawn again; 0 takes all rows, whatever subsample is.",
    ),
    Hyperparameter(
        "colsample_bytree",
        _SHARE,
        1.0,
        "Which share of the features each tree chooses from, drawn at random.",
        search=(0.6, 0.8, 1.0),
    ),
    Hyperparameter(
        "feature_fraction_bynode", _SHARE, 1.0, "Which share of its tree's features each split chooses from."
    ),
    Hyperparameter(
        "data_sample_strategy",
        Choice("bagging", "goss"),
        "bagging",
        "How rows are drawn: all alike (bagging), or those with large gradients always (goss).",
    ),
    Hyperparameter(
        "top_rate",
        Float(minimum=0, maximum=1),
        0.2,
        "With goss, which share of the rows, those with the largest gradients, is always kept.",
    ),
    Hyperparameter(
        "other_rate",
        Float(minimum=0, maximum=1),
        0.1,
        "With goss, which share of the rows is drawn from the others.",
    ),
    Hyperparameter(
        "extra_trees", Boolean(), False, "Whether each split tries one random threshold a feature only."
    ),
    Hyperparameter(
        "max_bin",
        Integer(minimum=2),
        255,
        "How many bins a feature's values are sorted into: fewer train faster, more are finer.",
    ),
    Hyperparameter("min_data_in_bin", Integer(minimum=1), 3, "How many rows a bin must hold."),
    Hyperparameter(
        "subsample_for_bin", Integer(minimum=1), 200000, "How many rows the bins are made from."
    ),
    Hyperparameter(
        "path_smooth",
        Float(minimum=0),
        0.0,
        "Draws the values of leaves with few rows towards those of the nodes above them; 0 does not.",
    ),
    Hyperparameter(
        "max_delta_step", Float(minimum=0), 0.0, "The largest value a leaf may have; 0 means no limit."
    ),
    Hyperparameter(
        "use_missing",
        Boolean(),
        True,
        "Whether each split learns on which side missing values go; otherwise they are zeros.",
    ),
    Hyperparameter(
        "monotone_constraints",
        Sequence(Integer(minimum=-1, maximum=1)),
        None,
        "One number a feature, in their order: 1 where the prediction may only rise with it, -1 where it may only"
        " fall, 0 where it is free.",
    ),
    Hyperparameter(
        "monotone_constraints_method",
        Choice("basic", "intermediate", "advanced"),
        "basic",
        "How monotone_constraints are kept: the later ones are slower and constrain the trees less.",
    ),
    Hyperparameter(
        "monotone_penalty",
        Float(minimum=0),
        0.0,
        "How strongly splits on features with monotone_constraints are discouraged near the root.",
    ),
    Hyperparameter(
        "interaction_constraints",
        Sequence(Sequence(Integer(minimum=0))),
        None,
        "Groups of features (numbered from 0) that may meet in one branch of a tree; null lets all meet.",
    ),
    Hyperparameter(
        "drop_rate", Float(minimum=0, maximum=1), 0.1, "With dart, which share of the trees is dropped."
    ),
    Hyperparameter(
        "max_drop",
        Integer(minimum=0),
        50,
        "With dart, the most trees that a round drops; 0 means no limit.",
    ),
    Hyperparameter(
        "skip_drop", Float(minimum=0, maximum=1), 0.5, "With dart, how likely a round is to drop no tree."
    ),
    Hyperparameter(
        "uniform_drop",
        Boolean(),
        False,
        "With dart, whether dropped trees are chosen all alike instead of by their weight.",
    ),
    Hyperparameter(
        "xgboost_dart_mode", Boolean(), False, "With dart, whether trees are weighed as XGBoost does."
    ),
    Hyperparameter(
        "boost_from_average",
        Boolean(),
        True,
        "Whether boosting starts from the best constant (for losses that have one) instead of 0.",
    ),
    Hyperparameter(
        "early_stopping_rounds",
        Integer(minimum=1),
        None,
        "Stops after this many rounds without improvement on rows held out from training; null never does.",
    ),
    Hyperparameter(
        "validation_fraction",
        Float(above=0, below=1),
        0.1,
        "With early_stopping_rounds, which share of the training rows is held out (pgml's own setting).",
    ),
    Hyperparameter(
        "early_stopping_min_delta",
        Float(minimum=0),
        0.0,
        "With early_stopping_rounds, how much a round must lower the loss to count as an improvement.",
    ),
    Hyperparameter(
        "n_jobs",
        Integer(minimum=1),
        1,
        "How many processors to train on; null takes all that there are, as the library does. More help with many"
        " rows, on a machine that has them to spare.",
        nullable=True,
    ),
    Hyperparameter(
        "random_state",
        Integer(minimum=0, maximum=_LARGEST_SEED),
        0,
        "Seed of every random choice: the same seed trains the same model again.",
    ),
)

REGRESSION = (
    Hyperparameter(
        "objective",
        Choice(
            "regression",
            "regression_l1",
            "huber",
            "fair",
            "quantile",
            "mape",
            "poisson",
            "gamma",
            "tweedie",
        ),
        "regression",
        "The loss that is lowered: squares (regression); absolute errors and others that resist outliers"
        " (regression_l1, huber, fair); a quantile; relative errors (mape); poisson for counts; gamma and tweedie"
        " for amounts.",
    ),
    Hyperparameter(
        "alpha",
        Float(above=0),
        0.9,
        "With quantile, which one to predict (less than 1); with huber, the error from which on it counts linearly.",
    ),
    Hyperparameter(
        "fair_c", Float(above=0), 1.0, "With fair, the error from which on it counts much less than its square."
    ),
    Hyperparameter(
        "poisson_max_delta_step",
        Float(above=0),
        0.7,
        "With poisson, keeps steps small: larger values take larger steps.",
    ),
    Hyperparameter(
        "tweedie_variance_power",
        Float(minimum=1, below=2),
        1.5,
        "With tweedie, how the variance grows with the mean: near 1 as Poisson, near 2 as gamma.",
    ),
    *_SETTINGS,
)

CLASSIFICATION = (
    Hyperparameter(
        "class_weight",
        Choice("balanced"),
        None,
        "With balanced, rare classes weigh as much as frequent ones; null lets every row weigh the same.",
        search=(None, "balanced"),
    ),
    Hyperparameter(
        "scale_pos_weight",
        Float(above=0),
        1.0,
        "With two classes, how much a row of the second weighs; rows of the first weigh 1.",
    ),
    Hyperparameter(
        "pos_bagging_fraction",
        _SHARE,
        1.0,
        "With two classes and subsample_freq, which share of the second class's rows is drawn.",
    ),
    Hyperparameter(
        "neg_bagging_fraction",
        _SHARE,
        1.0,
        "With two classes and subsample_freq, which share of the first class's rows is drawn.",
    ),
    *_SETTINGS,
)

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
        "subsample and subsample_freq, or colsample_bytree, must have each tree see a part of the data"
        " where boosting_type is rf",
        lambda boosting_type, data_sample_strategy, subsample, subsample_freq, colsample_bytree: (
            boosting_type != "rf"
            or data_sample_strategy == "goss"
            or (subsample < 1 and subsample_freq > 0)
            or colsample_bytree < 1
        ),
    ),
    Constraint(
        "boosting_type must be gbdt or rf where early_stopping_rounds is given",
        lambda boosting_type, early_stopping_rounds: early_stopping_rounds is None or boosting_type != "dart",
    ),
    Constraint(
        "subsample_freq must be 0 where data_sample_strategy is goss",
        lambda data_sample_strategy, subsample_freq: data_sample_strategy != "goss" or subsample_freq == 0,
    ),
    Constraint(
        "top_rate and other_rate must both be above 0 and make at most 1 where data_sample_strategy is goss",
        lambda data_sample_strategy, top_rate, other_rate: (
            data_sample_strategy != "goss" or (min(top_rate, other_rate) > 0 and top_rate + other_rate <= 1)
        ),
    ),
    Constraint(
        "monotone_constraints must have one number a feature",
        lambda monotone_constraints, X: (
            monotone_constraints is None or len(monotone_constraints) == X.shape[1]
        ),
    ),
    Constraint(
        "interaction_constraints must name features from 0 to their number less 1",
        lambda interaction_constraints, X: (
            interaction_constraints is None or max(map(max, interaction_constraints)) < X.shape[1]
        ),
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
        "alpha must be less than 1 where objective is quantile",
        lambda alpha, objective: objective != "quantile" or alpha < 1,
    ),
    Constraint(
        "monotone_constraints must be null where objective is regression_l1, quantile or mape",
        lambda monotone_constraints, objective: (
            monotone_constraints is None or objective not in ("regression_l1", "quantile", "mape")
        ),
    ),
    Constraint(
        "the target must not be negative, nor 0 in all rows, where objective is poisson, gamma or tweedie",
        lambda objective, y: (
            objective not in ("poisson", "gamma", "tweedie") or (y.min() >= 0 and y.max() > 0)
        ),
    ),
)

CLASSIFICATION_CONSTRAINTS = (
    Constraint(
        "scale_pos_weight, pos_bagging_fraction and neg_bagging_fraction must be 1 where there are more than two"
        " classes",
        lambda scale_pos_weight, pos_bagging_fraction, neg_bagging_fraction, y: (
            y.max() < 2 or scale_pos_weight == pos_bagging_fraction == neg_bagging_fraction == 1
        ),
    ),
)

_CATEGORIES = "categories reach the algorithm as numbers"
_COMPUTER = "it changes where and how fast the trees are grown, not which"
_FILES = "the data come from a table, not from files"
_MACHINES = "training runs on one machine"
_PREDICTION = "it is about predictions by the library; pgml makes them itself"
_RANKING = "it is for ranking"
_REPEATABLE = "pgml sets it, so that training can be repeated"
_REPORTS = "it changes what is reported, not the model"
_SEED = "all of them follow from random_state"

# The library's own names, of the parameters that neither LGBMRegressor nor the above has.
LEFT_OUT = {
    "auc_mu_weights": _REPORTS,
    "bagging_by_query": _RANKING,
    "bagging_seed": _SEED,
    "cat_l2": _CATEGORIES,
    "cat_smooth": _CATEGORIES,
    "categorical_feature": _CATEGORIES,
    "cegb_penalty_feature_coupled": "what it costs to read a feature is no concern here",
    "cegb_penalty_feature_lazy": "what it costs to read a feature is no concern here",
    "cegb_penalty_split": "what it costs to read a feature is no concern here",
    "cegb_tradeoff": "what it costs to read a feature is no concern here",
    "config": _FILES,
    "convert_model": _FILES,
    "convert_model_language": _FILES,
    "data": _FILES,
    "data_random_seed": _SEED,
    "deterministic": _REPEATABLE,
    "device_type": "the library as it is published trains on the processor",
    "drop_seed": _SEED,
    "enable_bundle": _COMPUTER,
    "eval_at": _RANKING,
    "extra_seed": _SEED,
    "feature_contri": "monotone_penalty and the colsample settings steer features; this one hides which",
    "feature_fraction_seed": _SEED,
    "feature_pre_filter": _COMPUTER,
    "first_metric_only": "early stopping watches one loss only, the one that is lowered",
    "force_col_wise": _REPEATABLE,
    "force_row_wise": _REPEATABLE,
    "forcedbins_filename": _FILES,
    "forcedsplits_filename": _FILES,
    "gpu_device_id": _COMPUTER,
    "gpu_device_id_list": _COMPUTER,
    "gpu_platform_id": _COMPUTER,
    "gpu_use_dp": _COMPUTER,
    "group_column": _RANKING,
    "header": _FILES,
    "histogram_pool_size": _COMPUTER,
    "ignore_column": "leave the column out of the view that is trained on",
    "importance_type": _REPORTS,
    "input_model": _FILES,
    "is_enable_sparse": _COMPUTER,
    "is_provide_training_metric": _REPORTS,
    "is_unbalance": "class_weight does the same for any number of classes",
    "label_column": _FILES,
    "label_gain": _RANKING,
    "lambdarank_norm": _RANKING,
    "lambdarank_position_bias_regularization": _RANKING,
    "lambdarank_truncation_level": _RANKING,
    "linear_lambda": "there are no linear_trees",
    "linear_tree": "linear models in leaves have no compiled form",
    "local_listen_port": _MACHINES,
    "machine_list_filename": _MACHINES,
    "machines": _MACHINES,
    "max_bin_by_feature": "max_bin holds for all features",
    "max_cat_threshold": _CATEGORIES,
    "max_cat_to_onehot": _CATEGORIES,
    "metric": "early stopping watches the loss that is lowered",
    "metric_freq": _REPORTS,
    "min_data_per_group": _CATEGORIES,
    "multi_error_top_k": _REPORTS,
    "num_class": "it follows from the labels",
    "num_gpu": _COMPUTER,
    "num_grad_quant_bins": "gradients are not quantised, so that training can be repeated",
    "num_iteration_predict": _PREDICTION,
    "num_machines": _MACHINES,
    "objective_seed": _SEED,
    "output_model": _FILES,
    "output_result": _FILES,
    "parser_config_file": _FILES,
    "pre_partition": _MACHINES,
    "precise_float_parser": _FILES,
    "pred_early_stop": _PREDICTION,
    "pred_early_stop_freq": _PREDICTION,
    "pred_early_stop_margin": _PREDICTION,
    "predict_contrib": _PREDICTION,
    "predict_disable_shape_check": _PREDICTION,
    "predict_leaf_index": _PREDICTION,
    "predict_raw_score": _PREDICTION,
    "quant_train_renew_leaf": "gradients are not quantised, so that training can be repeated",
    "refit_decay_rate": "every training starts from nothing, so that it can be repeated",
    "save_binary": _FILES,
    "saved_feature_importance_type": _REPORTS,
    "sigmoid": "it scales the scores, and the trees make up for it",
    "snapshot_freq": _FILES,
    "start_iteration_predict": _PREDICTION,
    "stochastic_rounding": "gradients are not quantised, so that training can be repeated",
    "task": "pgml.train trains",
    "time_out": _MACHINES,
    "top_k": _MACHINES,
    "tree_learner": _MACHINES,
    "two_round": _FILES,
    "use_quantized_grad": "gradients are not quantised, so that training can be repeated",
    "valid": "validation_fraction holds rows out",
    "verbosity": "there is no terminal to print to",
    "weight_column": "every row weighs the same",
    "zero_as_missing": "zero is a number; what is missing is NULL (or NaN)",
}

_REGRESSION_LOSS = "it belongs to a loss for regression"

REGRESSION_LEFT_OUT = {
    "class_weight": "a regression has no classes",
    "neg_bagging_fraction": "a regression has no classes",
    "pos_bagging_fraction": "a regression has no classes",
    "reg_sqrt": "train on the root of the target, and square the predictions",
    "scale_pos_weight": "a regression has no classes",
}

CLASSIFICATION_LEFT_OUT = {
    "alpha": _REGRESSION_LOSS,
    "fair_c": _REGRESSION_LOSS,
    "objective": "it follows from the labels: binary for two classes, else multiclass",
    "poisson_max_delta_step": _REGRESSION_LOSS,
    "reg_sqrt": _REGRESSION_LOSS,
    "tweedie_variance_power": _REGRESSION_LOSS,
}
