"""The hyperparameters of LightGBM: what can be set.

Where scikit-learn and LightGBM itself have different names for one thing, it goes by the name that
``LGBMRegressor`` and ``LGBMClassifier`` give it.
"""

from __future__ import annotations

from pgml import Boolean, Choice, Float, Hyperparameter, Integer, Sequence

_LATE = "goss begins after 1 / learning_rate rounds, and matters only to tables of many rows"

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
        without_effect=_LATE,
    ),
    Hyperparameter(
        "other_rate",
        Float(minimum=0, maximum=1),
        0.1,
        "With goss, which share of the rows is drawn from the others.",
        without_effect=_LATE,
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
    Hyperparameter("subsample_for_bin", Integer(minimum=1), 200000, "How many rows the bins are made from."),
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
        without_effect="it matters only where boosting stops at another round for it",
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
        "fair_c",
        Float(above=0),
        1.0,
        "With fair, the error from which on it counts much less than its square.",
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
