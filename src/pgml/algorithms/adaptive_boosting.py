"""AdaBoost: small trees, each trained on the rows that those before it got wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import EnsembleOfGivenTrees
from pgml.algorithms._settings import (
    LEARNING_RATE,
    MAX_DEPTH,
    MIN_SAMPLES_LEAF,
    N_ESTIMATORS,
    RANDOM_STATE,
    because,
)
from pgml.errors import UnusableData
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Hyperparameter

if TYPE_CHECKING:
    from pgml.predictors import Predictor

_SETTINGS = (
    N_ESTIMATORS.but(default=50, description="The most trees to grow; a perfect fit ends it early."),
    LEARNING_RATE.but(
        default=1.0,
        description="How much each tree changes the weights of the rows: smaller needs more trees.",
        search=(0.01, 0.1, 0.5, 1.0),
    ),
)
_LEAF = MIN_SAMPLES_LEAF.but(search=())
_LEFT_OUT = because(estimator="it is a decision tree, which max_depth and min_samples_leaf describe")


class _AdaBoost(EnsembleOfGivenTrees):
    """What both objectives have in common."""

    name = "ada_boost"
    left_out = _LEFT_OUT

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        try:
            return super().fit(values, X, y)
        except ValueError as error:
            if "worse than random" not in str(error):
                raise
            raise UnusableData(
                "ada_boost: the first tree does no better than guessing", hint="raise max_depth"
            ) from error

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.trees import ada_boost

        return ada_boost(fitted)


class AdaBoostRegression(_AdaBoost):
    """AdaBoost.R2 (Drucker 1997)."""

    objective = "regression"
    summary = "Small trees, each trained on the rows that those before it got wrong; answers with a median."
    when = "A robust relative of gradient boosting for small tables; rarely the most accurate."
    library = "sklearn.ensemble.AdaBoostRegressor"
    hyperparameters = (
        *_SETTINGS,
        Hyperparameter(
            "loss",
            Choice("linear", "square", "exponential"),
            "linear",
            "How a row's weight grows with its error.",
            search=("linear", "square", "exponential"),
        ),
        MAX_DEPTH.but(default=3, search=(1, 2, 3, 5)),
        _LEAF,
        RANDOM_STATE,
    )


class AdaBoostClassification(_AdaBoost):
    """AdaBoost.SAMME (Zhu et al. 2009)."""

    objective = "classification"
    summary = "Small trees, each trained on the rows that those before it got wrong; answers with a vote."
    when = "A simple and fast booster for small tables with clean labels: wrong ones lead it astray."
    library = "sklearn.ensemble.AdaBoostClassifier"
    hyperparameters = (*_SETTINGS, MAX_DEPTH.but(default=1, search=(1, 2, 3)), _LEAF, RANDOM_STATE)


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [AdaBoostRegression(), AdaBoostClassification()]
