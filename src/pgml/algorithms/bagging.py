"""Bagging: full-grown trees, each trained on rows and features of its own, whose answers are averaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import EnsembleOfGivenTrees
from pgml.algorithms._settings import (
    MAX_DEPTH,
    MIN_SAMPLES_LEAF,
    N_ESTIMATORS,
    N_JOBS,
    RANDOM_STATE,
    CountOrShare,
    because,
)
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Boolean, Constraint, Hyperparameter

if TYPE_CHECKING:
    from pgml.predictors import Predictor


class _Bagging(EnsembleOfGivenTrees):
    """What both objectives have in common."""

    name = "bagging"
    summary = "The mean of trees, each grown on rows (and features) drawn at random."
    when = "As random_forest, where every tree should choose from whole sets of features drawn once."
    missing = True
    hyperparameters = (
        N_ESTIMATORS.but(default=10, search=(10, 50, 100)),
        Hyperparameter(
            "max_samples",
            CountOrShare(),
            None,
            "How many rows (or which share of them) are drawn for a tree; null draws as many as there are.",
            search=(None, 0.5, 0.8),
        ),
        Hyperparameter(
            "max_features",
            CountOrShare(),
            1.0,
            "How many features (or which share of them) are drawn for a tree.",
            search=(0.5, 0.8, 1.0),
        ),
        Hyperparameter("bootstrap", Boolean(), True, "Whether rows are drawn with replacement."),
        Hyperparameter(
            "bootstrap_features", Boolean(), False, "Whether features are drawn with replacement."
        ),
        MAX_DEPTH,
        MIN_SAMPLES_LEAF,
        N_JOBS,
        RANDOM_STATE,
    )
    constraints = (
        Constraint(
            "max_features must be at most the number of features",
            lambda max_features, X: max_features <= X.shape[1],
        ),
        Constraint(
            "max_samples must be at most the number of rows where bootstrap is false",
            lambda max_samples, bootstrap, X: bootstrap or max_samples is None or max_samples <= len(X),
        ),
    )
    left_out = because(
        "oob_score",
        "verbose",
        "warm_start",
        estimator="it is a decision tree, which max_depth and min_samples_leaf describe",
    )

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        # one thread is enough for the answers, and the library would start processes for more
        return super().fit(values, X, y).set_params(n_jobs=1)

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.trees import bagging

        return bagging(fitted)


class BaggingRegression(_Bagging):
    """Breiman's bagging for regression."""

    objective = "regression"
    library = "sklearn.ensemble.BaggingRegressor"


class BaggingClassification(_Bagging):
    """Breiman's bagging for classification."""

    objective = "classification"
    library = "sklearn.ensemble.BaggingClassifier"


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [BaggingRegression(), BaggingClassification()]
