"""Least squares with a penalty on large coefficients: ridge, lasso, and the elastic net between them."""

from __future__ import annotations

from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import (
    ALPHA,
    CLASS_WEIGHT,
    FIT_INTERCEPT,
    MAX_ITER,
    POSITIVE,
    RANDOM_STATE,
    TOLERANCE,
    because,
)
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Constraint, Float, Hyperparameter

_RIDGE = (
    ALPHA,
    FIT_INTERCEPT,
    POSITIVE,
    Hyperparameter(
        "solver",
        Choice("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"),
        "auto",
        "The method: svd and cholesky are exact, sag and saga suit many rows, lbfgs is the one for positive;"
        " auto chooses.",
    ),
    MAX_ITER.but(
        default=None, description="The most iterations of an iterative solver; null leaves it to the solver."
    ),
    TOLERANCE.but(description="Precision of an iterative solver: when to stop.", search=()),
    RANDOM_STATE,
)
_RIDGE_RULES = (
    Constraint(
        "solver must be auto or lbfgs where positive is true",
        lambda solver, positive: not positive or solver in ("auto", "lbfgs"),
    ),
    Constraint(
        "positive must be true where solver is lbfgs",
        lambda solver, positive: positive or solver != "lbfgs",
    ),
)
_DESCENT = (
    FIT_INTERCEPT,
    POSITIVE,
    Hyperparameter(
        "selection",
        Choice("cyclic", "random"),
        "cyclic",
        "The order in which coefficients are updated; random is often faster when tol is large.",
    ),
    MAX_ITER,
    TOLERANCE.but(search=()),
    RANDOM_STATE,
)


class RidgeRegression(LinearModel):
    """Ridge regression: least squares with an l2 penalty."""

    name = "ridge"
    objective = "regression"
    summary = "Least squares that keeps the coefficients small."
    when = "In place of linear where features are many or correlated; as fast, and rarely worse."
    library = "sklearn.linear_model.Ridge"
    hyperparameters = _RIDGE
    constraints = _RIDGE_RULES
    left_out = because("copy_X")


class RidgeClassification(LinearModel):
    """Ridge regression on targets of -1 and 1, one model a class."""

    name = "ridge"
    objective = "classification"
    summary = "Ridge regression on class membership: the class with the highest score wins."
    when = (
        "A very fast classifier for many features or many classes, where labels are enough: no probabilities."
    )
    library = "sklearn.linear_model.RidgeClassifier"
    hyperparameters = (*_RIDGE, CLASS_WEIGHT)
    constraints = _RIDGE_RULES
    left_out = because("copy_X")


class Lasso(LinearModel):
    """The lasso: least squares with an l1 penalty."""

    name = "lasso"
    objective = "regression"
    summary = "Least squares that sets most coefficients to zero."
    when = "When few of many features matter and you want to know which; of correlated ones it keeps one."
    library = "sklearn.linear_model.Lasso"
    hyperparameters = (ALPHA, *_DESCENT)
    left_out = because("copy_X", "precompute", "warm_start")


class ElasticNet(LinearModel):
    """The elastic net: least squares with l1 and l2 penalties."""

    name = "elastic_net"
    objective = "regression"
    summary = "Least squares with the penalties of ridge and lasso in any mixture."
    when = "As lasso, where features are correlated: it keeps or drops them together."
    library = "sklearn.linear_model.ElasticNet"
    hyperparameters = (
        ALPHA,
        Hyperparameter(
            "l1_ratio",
            Float(minimum=0, maximum=1),
            0.5,
            "How much of the penalty is l1: 1 is the lasso, 0 is ridge.",
            search=(0.1, 0.5, 0.7, 0.9, 0.95, 1.0),
        ),
        *_DESCENT,
    )
    left_out = because("copy_X", "precompute", "warm_start")


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [RidgeRegression(), RidgeClassification(), Lasso(), ElasticNet()]
