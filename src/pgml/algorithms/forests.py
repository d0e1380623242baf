"""Forests of trees grown independently of each other, whose answers are averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import TreeEnsemble
from pgml.algorithms._settings import (
    CCP_ALPHA,
    CLASS_WEIGHT,
    MAX_DEPTH,
    MAX_LEAF_NODES,
    MIN_IMPURITY_DECREASE,
    MIN_SAMPLES_LEAF,
    MIN_SAMPLES_SPLIT,
    MIN_WEIGHT_FRACTION_LEAF,
    MONOTONIC,
    N_ESTIMATORS,
    N_JOBS,
    ONE_A_FEATURE,
    RANDOM_STATE,
    TWO_CLASSES_ONLY,
    CountOrShare,
    because,
    has_missing,
)
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Boolean, Choice, Constraint, Either, Hyperparameter

if TYPE_CHECKING:
    from pgml.predictors import Predictor

_REGRESSION_CRITERION = Hyperparameter(
    "criterion",
    Choice("squared_error", "absolute_error", "poisson"),
    "squared_error",
    "What a split lowers; absolute_error resists outliers and is much slower, poisson is for counts.",
)
_CLASSIFICATION_CRITERION = Hyperparameter(
    "criterion",
    Choice("gini", "entropy", "log_loss"),
    "gini",
    "How the impurity that a split lowers is measured.",
)
_MAX_FEATURES = Hyperparameter(
    "max_features",
    Either(CountOrShare(), Choice("sqrt", "log2")),
    1.0,
    "How many features (or which share of them) each split chooses from, at random; null means all.",
    search=("sqrt", 0.3, 0.7, 1.0),
    nullable=True,
)
_BOOTSTRAP = Hyperparameter(
    "bootstrap",
    Boolean(),
    True,
    "Whether each tree sees rows drawn with replacement; otherwise each sees all rows.",
)
_MAX_SAMPLES = Hyperparameter(
    "max_samples",
    CountOrShare(),
    None,
    "With bootstrap, how many rows (or which share of them) are drawn for a tree; null draws as many as there are.",
    search=(None, 0.5, 0.8),
)
_FOREST_CLASS_WEIGHT = CLASS_WEIGHT.but(
    kind=Choice("balanced", "balanced_subsample"),
    description="With balanced, rare classes weigh as much as frequent ones (balanced_subsample: in each tree's"
    " own rows); null lets every row weigh the same.",
)
_FOREST_RULES = (
    Constraint(
        "bootstrap must be true where max_samples is given",
        lambda bootstrap, max_samples: bootstrap or max_samples is None,
    ),
    ONE_A_FEATURE,
)
_REGRESSION_RULES = (
    *_FOREST_RULES,
    Constraint(
        "criterion must be another than absolute_error where monotonic_cst is given",
        lambda criterion, monotonic_cst: monotonic_cst is None or criterion != "absolute_error",
    ),
    Constraint(
        "criterion must be another than absolute_error where values are missing",
        lambda criterion, X: criterion != "absolute_error" or not has_missing(X),
    ),
    Constraint(
        "the target must not be negative, nor 0 in all rows, where criterion is poisson",
        lambda criterion, y: criterion != "poisson" or y.min() >= 0 < y.max(),
    ),
)
_CLASSIFICATION_RULES = (*_FOREST_RULES, TWO_CLASSES_ONLY)
_TREE = (
    MAX_DEPTH,
    MIN_SAMPLES_SPLIT,
    MIN_SAMPLES_LEAF,
    MIN_WEIGHT_FRACTION_LEAF,
    MAX_LEAF_NODES,
    MIN_IMPURITY_DECREASE,
    CCP_ALPHA,
    MONOTONIC,
)


class _Forest(TreeEnsemble):
    """What random forests and extra trees have in common."""

    missing = True
    left_out = because("oob_score", "verbose", "warm_start")

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.trees import random_forest

        return random_forest(fitted)


class RandomForestRegression(_Forest):
    """Breiman's random forest for regression."""

    name = "random_forest"
    objective = "regression"
    summary = "The mean of many deep trees, each grown on rows drawn at random."
    when = (
        "Good results without any tuning, on features of any scale and with missing values. "
        "Boosted trees are often better, and smaller, once they are tuned."
    )
    library = "sklearn.ensemble.RandomForestRegressor"
    hyperparameters = (
        N_ESTIMATORS,
        _REGRESSION_CRITERION,
        *_TREE,
        _MAX_FEATURES,
        _BOOTSTRAP,
        _MAX_SAMPLES,
        N_JOBS,
        RANDOM_STATE,
    )
    constraints = _REGRESSION_RULES


class RandomForestClassification(_Forest):
    """Breiman's random forest for classification."""

    name = "random_forest"
    objective = "classification"
    summary = "The vote of many deep trees, each grown on rows and features drawn at random."
    when = (
        "Good results without any tuning, on features of any scale and with missing values. "
        "Boosted trees are often better, and smaller, once they are tuned."
    )
    library = "sklearn.ensemble.RandomForestClassifier"
    hyperparameters = (
        N_ESTIMATORS,
        _CLASSIFICATION_CRITERION,
        *_TREE,
        _MAX_FEATURES.but(default="sqrt"),
        _BOOTSTRAP,
        _MAX_SAMPLES,
        _FOREST_CLASS_WEIGHT,
        N_JOBS,
        RANDOM_STATE,
    )
    constraints = _CLASSIFICATION_RULES


class ExtraTreesRegression(_Forest):
    """Extremely randomised trees for regression."""

    name = "extra_trees"
    objective = "regression"
    summary = "The mean of many trees whose splits are drawn at random and the best of them kept."
    when = "Where a random forest overfits, or takes too long to train: its splits are cheaper and smoother."
    library = "sklearn.ensemble.ExtraTreesRegressor"
    hyperparameters = (
        N_ESTIMATORS,
        _REGRESSION_CRITERION,
        *_TREE,
        _MAX_FEATURES,
        _BOOTSTRAP.but(default=False),
        _MAX_SAMPLES.but(search=()),
        N_JOBS,
        RANDOM_STATE,
    )
    constraints = _REGRESSION_RULES


class ExtraTreesClassification(_Forest):
    """Extremely randomised trees for classification."""

    name = "extra_trees"
    objective = "classification"
    summary = "The vote of many trees whose splits are drawn at random and the best of them kept."
    when = "Where a random forest overfits, or takes too long to train: its splits are cheaper and smoother."
    library = "sklearn.ensemble.ExtraTreesClassifier"
    hyperparameters = (
        N_ESTIMATORS,
        _CLASSIFICATION_CRITERION,
        *_TREE,
        _MAX_FEATURES.but(default="sqrt"),
        _BOOTSTRAP.but(default=False),
        _MAX_SAMPLES.but(search=()),
        _FOREST_CLASS_WEIGHT,
        N_JOBS,
        RANDOM_STATE,
    )
    constraints = _CLASSIFICATION_RULES


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [
        RandomForestRegression(),
        RandomForestClassification(),
        ExtraTreesRegression(),
        ExtraTreesClassification(),
    ]
