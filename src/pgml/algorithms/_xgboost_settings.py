"""The hyperparameters of XGBoost that are the same for both objectives, by the booster they belong to."""

from __future__ import annotations

from pgml.algorithms._settings import LEARNING_RATE, N_ESTIMATORS, N_JOBS, RANDOM_STATE, VALIDATION_FRACTION
from pgml.plugin.hyperparameters import Boolean, Choice, Float, Hyperparameter, Integer, Sequence

GENERAL = (
    N_ESTIMATORS.but(
        description="How many rounds of boosting: each adds one tree (or several, or a linear step)."
    ),
    LEARNING_RATE.but(default=0.3, description="How much each round adds: smaller needs more rounds."),
    Hyperparameter(
        "booster",
        Choice("gbtree", "dart", "gblinear"),
        "gbtree",
        "What is boosted: trees, trees with dropout (dart), or a linear model (gblinear).",
    ),
    Hyperparameter(
        "reg_lambda",
        Float(minimum=0),
        None,
        "Strength of the l2 penalty on leaf values or coefficients; null is 1 for trees, 0 for gblinear.",
        search=(0.0, 0.1, 1.0, 10.0),
    ),
    Hyperparameter(
        "reg_alpha",
        Float(minimum=0),
        0.0,
        "Strength of the l1 penalty on leaf values or coefficients.",
        search=(0.0, 0.1, 1.0),
    ),
    Hyperparameter(
        "early_stopping_rounds",
        Integer(minimum=1),
        None,
        "Stops after this many rounds without improvement on rows held out from training; null never does.",
    ),
    VALIDATION_FRACTION.but(
        description="With early_stopping_rounds, which share of the training rows is held out (pgml's own setting)."
    ),
    Hyperparameter(
        "device",
        Choice("cpu", "cuda"),
        "cpu",
        "Where to train: cuda needs an NVIDIA GPU.",
        without_effect="it changes where a model is trained, not what it is",
    ),
    N_JOBS.but(
        default=None, description="How many processors to train on; null and -1 take all that there are."
    ),
    RANDOM_STATE,
)
_SHARE = Float(above=0, maximum=1)
TREES = (
    Hyperparameter(
        "max_depth",
        Integer(minimum=0),
        6,
        "The most levels of a tree; 0 means no limit.",
        search=(3, 4, 6, 8, 10),
    ),
    Hyperparameter("max_leaves", Integer(minimum=0), 0, "The most leaves of a tree; 0 means no limit."),
    Hyperparameter(
        "grow_policy",
        Choice("depthwise", "lossguide"),
        "depthwise",
        "Where a tree grows next: level by level, or at the leaf that gains most (lossguide).",
    ),
    Hyperparameter(
        "tree_method",
        Choice("auto", "hist", "approx", "exact"),
        "auto",
        "How splits are found: on histograms (hist, which auto takes), on new histograms for each tree (approx),"
        " or among all values (exact).",
    ),
    Hyperparameter(
        "max_bin",
        Integer(minimum=2),
        256,
        "How many bins a feature's histogram has (tree_method hist, approx).",
    ),
    Hyperparameter(
        "gamma",
        Float(minimum=0),
        0.0,
        "A leaf is split only where this lowers the loss by at least so much.",
        search=(0.0, 0.1, 1.0),
    ),
    Hyperparameter(
        "min_child_weight",
        Float(minimum=0),
        1.0,
        "The least total weight (second derivatives of the loss) of the rows in a leaf.",
        search=(1.0, 3.0, 10.0),
    ),
    Hyperparameter(
        "max_delta_step",
        Float(minimum=0),
        None,
        "The largest value a leaf may have; 0 means no limit, null is 0.7 for count:poisson and 0 for the others."
        " Helps with very unequal classes.",
    ),
    Hyperparameter(
        "subsample",
        _SHARE,
        1.0,
        "Which share of the rows each round sees, drawn at random.",
        search=(0.6, 0.8, 1.0),
    ),
    Hyperparameter(
        "sampling_method",
        Choice("uniform", "gradient_based"),
        "uniform",
        "How these rows are drawn: all alike, or those with large gradients more often (on cuda only).",
        without_effect="its other value needs an NVIDIA GPU",
    ),
    Hyperparameter(
        "colsample_bytree",
        _SHARE,
        1.0,
        "Which share of the features each tree chooses from, drawn at random.",
        search=(0.6, 0.8, 1.0),
    ),
    Hyperparameter(
        "colsample_bylevel", _SHARE, 1.0, "Which share of its tree's features each level chooses from."
    ),
    Hyperparameter(
        "colsample_bynode", _SHARE, 1.0, "Which share of its level's features each split chooses from."
    ),
    Hyperparameter(
        "feature_weights",
        Sequence(Float(minimum=0)),
        None,
        "How often each feature is drawn by the colsample settings, one number a feature, in their order;"
        " null draws all alike.",
    ),
    Hyperparameter(
        "num_parallel_tree",
        Integer(minimum=1),
        1,
        "How many trees each round grows; above 1 boosts random forests.",
    ),
    Hyperparameter(
        "monotone_constraints",
        Sequence(Integer(minimum=-1, maximum=1)),
        None,
        "One number a feature, in their order: 1 where the prediction may only rise with it, -1 where it may only"
        " fall, 0 where it is free.",
    ),
    Hyperparameter(
        "interaction_constraints",
        Sequence(Sequence(Integer(minimum=0))),
        None,
        "Groups of features (numbered from 0) that may meet in one branch of a tree; null lets all meet.",
    ),
)
DART = (
    Hyperparameter(
        "rate_drop", Float(minimum=0, maximum=1), 0.0, "With dart, which share of the trees is dropped."
    ),
    Hyperparameter(
        "skip_drop",
        Float(minimum=0, maximum=1),
        0.0,
        "With dart, how likely a round is to drop no tree at all.",
    ),
    Hyperparameter("one_drop", Boolean(), False, "With dart, whether each round drops at least one tree."),
    Hyperparameter(
        "sample_type",
        Choice("uniform", "weighted"),
        "uniform",
        "With dart, how dropped trees are chosen: all alike, or in proportion to their weight.",
    ),
    Hyperparameter(
        "normalize_type",
        Choice("tree", "forest"),
        "tree",
        "With dart, whether a new tree weighs as each dropped tree or as all of them together.",
    ),
)
LINEAR = (
    Hyperparameter(
        "updater",
        Choice("coord_descent", "shotgun"),
        "coord_descent",
        "With gblinear, how coefficients are fitted; shotgun, the library's default, is parallel and differs from"
        " run to run.",
    ),
    Hyperparameter(
        "feature_selector",
        Choice("cyclic", "shuffle", "random", "greedy", "thrifty"),
        "cyclic",
        "With gblinear, in which order the coefficients are fitted.",
    ),
    Hyperparameter(
        "top_k",
        Integer(minimum=0),
        0,
        "With gblinear and greedy or thrifty, how many features are fitted in each round; 0 means all.",
    ),
)
