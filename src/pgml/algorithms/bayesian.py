"""Bayesian linear regressions, which find the strength of their own penalty."""

from __future__ import annotations

from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import FIT_INTERCEPT, MAX_ITER, TOLERANCE, because
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Float, Hyperparameter

_SETTINGS = (
    MAX_ITER.but(default=300, description="The most iterations of the estimate."),
    TOLERANCE.but(
        default=1e-3, description="When to stop: once the coefficients change by less than this.", search=()
    ),
    Hyperparameter(
        "alpha_1", Float(minimum=0), 1e-6, "Shape of the gamma prior on the precision of the noise."
    ),
    Hyperparameter(
        "alpha_2", Float(minimum=0), 1e-6, "Rate of the gamma prior on the precision of the noise."
    ),
    Hyperparameter(
        "lambda_1", Float(minimum=0), 1e-6, "Shape of the gamma prior on the precision of the coefficients."
    ),
    Hyperparameter(
        "lambda_2", Float(minimum=0), 1e-6, "Rate of the gamma prior on the precision of the coefficients."
    ),
    FIT_INTERCEPT,
)
_LEFT_OUT = because(
    "copy_X", "verbose", compute_score="it is a record of the training, not part of the model"
)


class BayesianRidge(LinearModel):
    """Bayesian ridge regression."""

    name = "bayesian_ridge"
    objective = "regression"
    summary = "Ridge regression that estimates the noise and the strength of its penalty from the data."
    when = "In place of ridge when you would rather not search for alpha."
    library = "sklearn.linear_model.BayesianRidge"
    hyperparameters = (
        *_SETTINGS,
        Hyperparameter(
            "alpha_init",
            Float(above=0),
            None,
            "First guess of the precision of the noise; null is 1 / var(target).",
        ),
        Hyperparameter(
            "lambda_init",
            Float(above=0),
            None,
            "First guess of the precision of the coefficients; null is 1.",
        ),
    )
    left_out = _LEFT_OUT


class AutomaticRelevanceDetermination(LinearModel):
    """Bayesian regression with a prior for each coefficient (ARD, sparse Bayesian learning)."""

    name = "automatic_relevance_determination"
    objective = "regression"
    summary = (
        "Bayesian ridge regression with a penalty for each coefficient, which drops the irrelevant ones."
    )
    when = "To find which of some hundred features matter; slow with many more."
    library = "sklearn.linear_model.ARDRegression"
    hyperparameters = (
        *_SETTINGS,
        Hyperparameter(
            "threshold_lambda",
            Float(above=0),
            10000.0,
            "A feature is dropped once the precision of its coefficient exceeds this.",
            search=(100.0, 1000.0, 10000.0, 100000.0),
        ),
    )
    left_out = _LEFT_OUT


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [BayesianRidge(), AutomaticRelevanceDetermination()]
