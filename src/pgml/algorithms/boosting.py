"""Boosting by scikit-learn: trees grown one after the other, each on what those before it got wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import TreeEnsemble
from pgml.algorithms._settings import (
    CCP_ALPHA,
    LEARNING_RATE,
    MAX_DEPTH,
    MAX_LEAF_NODES,
    MIN_IMPURITY_DECREASE,
    MIN_SAMPLES_LEAF,
    MIN_SAMPLES_SPLIT,
    MIN_WEIGHT_FRACTION_LEAF,
    N_ESTIMATORS,
    N_ITER_NO_CHANGE,
    RANDOM_STATE,
    TOLERANCE,
    VALIDATION_FRACTION,
    CountOrShare,
    because,
    can_hold_out,
)
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Constraint, Either, Float, Hyperparameter

if TYPE_CHECKING:
    from pgml.predictors import Predictor

_SETTINGS = (
    LEARNING_RATE,
    N_ESTIMATORS,
    Hyperparameter(
        "subsample",
        Float(above=0, maximum=1),
        1.0,
        "Which share of the rows each tree sees, drawn at random.",
        search=(0.5, 0.8, 1.0),
    ),
    MAX_DEPTH.but(default=3, search=(2, 3, 4, 6, 8)),
    MIN_SAMPLES_SPLIT,
    MIN_SAMPLES_LEAF,
    MIN_WEIGHT_FRACTION_LEAF,
    MAX_LEAF_NODES,
    MIN_IMPURITY_DECREASE,
    Hyperparameter(
        "max_features",
        Either(CountOrShare(), Choice("sqrt", "log2")),
        None,
        "How many features (or which share of them) each split chooses from, at random; null means all.",
        search=(None, "sqrt", 0.5),
    ),
    Hyperparameter(
        "init",
        Choice("zero"),
        None,
        "What boosting starts from: zero, or with null the best constant prediction.",
    ),
    N_ITER_NO_CHANGE.but(
        default=None,
        description="Stops early after this many trees in a row that do not improve the held out rows;"
        " null never does.",
    ),
    VALIDATION_FRACTION.but(
        description="With n_iter_no_change, which share of the training rows is held out to decide when to stop."
    ),
    TOLERANCE.but(
        description="With n_iter_no_change, how much the loss must fall to count as an improvement.",
        search=(),
    ),
    CCP_ALPHA,
    RANDOM_STATE,
)


class _GradientBoosting(TreeEnsemble):
    """What both objectives have in common."""

    name = "gradient_boosting_trees"
    summary = "Trees grown one after the other, each on the errors that the sum of those before it leaves."
    when = (
        "Accurate on small and middling tables. From some ten thousand rows on, hist_gradient_boosting and "
        "xgboost give the same in a fraction of the time."
    )
    constraints = (
        Constraint(
            "validation_fraction must leave rows of each class on both sides where n_iter_no_change is given",
            lambda validation_fraction, n_iter_no_change, y: (
                n_iter_no_change is None or can_hold_out(validation_fraction, y)
            ),
        ),
    )
    left_out = because("verbose", "warm_start", criterion="the library gives it up; it has no effect")

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.trees import gradient_boosting

        return gradient_boosting(fitted)


class GradientBoostingRegression(_GradientBoosting):
    """Friedman's gradient boosting for regression."""

    objective = "regression"
    library = "sklearn.ensemble.GradientBoostingRegressor"
    hyperparameters = (
        Hyperparameter(
            "loss",
            Choice("squared_error", "absolute_error", "huber", "quantile"),
            "squared_error",
            "What is lowered: absolute_error and huber resist outliers, quantile predicts the quantile alpha.",
        ),
        Hyperparameter(
            "alpha",
            Float(above=0, below=1),
            0.9,
            "With loss quantile, the quantile to predict; with huber, the share of errors taken as they are.",
        ),
        *_SETTINGS,
    )


class GradientBoostingClassification(_GradientBoosting):
    """Friedman's gradient boosting for classification."""

    objective = "classification"
    library = "sklearn.ensemble.GradientBoostingClassifier"
    hyperparameters = (
        Hyperparameter(
            "loss",
            Choice("log_loss", "exponential"),
            "log_loss",
            "What is lowered: log_loss gives probabilities, exponential (two classes only) boosts as AdaBoost does.",
        ),
        *_SETTINGS,
    )
    constraints = (
        *_GradientBoosting.constraints,
        Constraint(
            "loss must be log_loss where there are more than two classes",
            lambda loss, y: loss == "log_loss" or y.max() < 2,
        ),
    )


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [GradientBoostingRegression(), GradientBoostingClassification()]
