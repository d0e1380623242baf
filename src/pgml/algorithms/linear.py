"""Ordinary linear models: least squares for regression, logistic regression for classification."""

from __future__ import annotations

import math
from typing import Any

from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import (
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
from pgml.plugin.hyperparameters import Boolean, Choice, Constraint, Float, Hyperparameter


class LeastSquares(LinearModel):
    """Linear regression by ordinary least squares."""

    name = "linear"
    objective = "regression"
    summary = "A weighted sum of the features, fitted by ordinary least squares."
    when = (
        "The first thing to try and the yardstick for the rest: fast, and its coefficients can be read. "
        "Prefer ridge where features are many or correlated."
    )
    library = "sklearn.linear_model.LinearRegression"
    hyperparameters = (
        FIT_INTERCEPT,
        POSITIVE,
    )
    left_out = because(
        "copy_X",
        tol="it matters to sparse data only, and a table is not",
        n_jobs="it speeds up several targets at once only",
    )


class LogisticRegression(LinearModel):
    """Classification by logistic regression (multinomial for more than two classes)."""

    name = "linear"
    objective = "classification"
    summary = "Logistic regression: class probabilities from a weighted sum of the features."
    when = (
        "The first classifier to try and the yardstick for the rest: fast, gives well calibrated "
        "probabilities, and its coefficients can be read."
    )
    library = "sklearn.linear_model.LogisticRegression"
    hyperparameters = (
        Hyperparameter(
            "C",
            Float(above=0),
            1.0,
            "Inverse strength of the penalty on large coefficients: smaller penalises more, null not at all.",
            search=(0.001, 0.01, 0.1, 1.0, 10.0, 100.0),
            nullable=True,
        ),
        Hyperparameter(
            "l1_ratio",
            Float(minimum=0, maximum=1),
            0.0,
            "Kind of the penalty: 0 is l2 (small coefficients), 1 is l1 (few coefficients), between them both.",
        ),
        Hyperparameter(
            "solver",
            Choice("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"),
            "lbfgs",
            "The optimisation method: saga knows every penalty, liblinear l1 and l2 for two classes, the others l2.",
        ),
        Hyperparameter(
            "dual", Boolean(), False, "Whether liblinear solves the dual problem (l2 penalty only)."
        ),
        CLASS_WEIGHT,
        FIT_INTERCEPT,
        Hyperparameter(
            "intercept_scaling",
            Float(above=0),
            1.0,
            "With liblinear, how little the penalty weighs on the constant term: larger is less.",
        ),
        TOLERANCE,
        MAX_ITER.but(description="The most iterations the solver makes (the library's default is 100)."),
        RANDOM_STATE,
    )
    constraints = (
        Constraint(
            "solver must be saga where l1_ratio is between 0 and 1",
            lambda solver, l1_ratio: l1_ratio in (0, 1) or solver == "saga",
        ),
        Constraint(
            "solver must be saga or liblinear where l1_ratio is 1",
            lambda solver, l1_ratio: l1_ratio < 1 or solver in ("saga", "liblinear"),
        ),
        Constraint(
            "C must be a number where solver is liblinear",
            lambda solver, C: solver != "liblinear" or C is not None,
        ),
        Constraint(
            "solver must be liblinear, and l1_ratio 0, where dual is true",
            lambda dual, solver, l1_ratio: not dual or (solver == "liblinear" and l1_ratio == 0),
        ),
        Constraint(
            "solver must be another than liblinear where there are more than two classes",
            lambda solver, y: solver != "liblinear" or y.max() < 2,
        ),
    )
    left_out = because(
        "verbose",
        "warm_start",
        penalty="the library gives it up; l1_ratio says the same: 0 for l2, 1 for l1, and C null for no penalty",
        n_jobs="the library gives it up; it has no effect",
    )

    def estimator(self, *, C: float | None, **hyperparameters: Any) -> Any:
        return super().estimator(C=math.inf if C is None else C, **hyperparameters)


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [LeastSquares(), LogisticRegression()]
