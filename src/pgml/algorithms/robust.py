"""Linear regressions that outliers do not pull away, and the regression of a quantile."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import (
    ALPHA,
    FIT_INTERCEPT,
    MAX_ITER,
    N_JOBS,
    RANDOM_STATE,
    TOLERANCE,
    CountOrShare,
    because,
)
from pgml.errors import InvalidHyperparameter
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Constraint, Float, Hyperparameter, Integer


class Ransac(LinearModel):
    """Random sample consensus (Fischler and Bolles 1981)."""

    name = "ransac"
    objective = "regression"
    summary = "Least squares on the largest set of rows that one line can be found to fit."
    when = "When a large part of the rows, up to half of them, is plainly wrong."
    library = "sklearn.linear_model.RANSACRegressor"
    hyperparameters = (
        Hyperparameter(
            "min_samples",
            CountOrShare(),
            None,
            "How many rows (or which share of them) each trial draws; null is one more than there are features,"
            " or all rows where they are fewer (the library fails there).",
            search=(None, 0.1, 0.3, 0.5),
        ),
        Hyperparameter(
            "residual_threshold",
            Float(above=0),
            None,
            "The largest error of a row that agrees with a line; null is the median distance of the target from"
            " its median, or, where that is 0, its standard deviation (the library fails there).",
        ),
        Hyperparameter(
            "max_trials", Integer(minimum=1), 100, "How many times rows are drawn.", search=(50, 100, 500)
        ),
        Hyperparameter(
            "max_skips", Integer(minimum=0), None, "How many unusable draws are allowed; null allows any."
        ),
        Hyperparameter(
            "stop_n_inliers", Integer(minimum=1), None, "Stops once this many rows agree; null never does."
        ),
        Hyperparameter(
            "stop_score",
            Float(),
            None,
            "Stops once the rows that agree are fitted with this r2; null never does.",
        ),
        Hyperparameter(
            "stop_probability",
            Float(minimum=0, maximum=1),
            0.99,
            "Stops once a draw without outliers is this probable to have been among the trials.",
        ),
        Hyperparameter(
            "loss",
            Choice("absolute_error", "squared_error"),
            "absolute_error",
            "How the error of a row is measured against residual_threshold.",
        ),
        RANDOM_STATE,
    )
    constraints = (
        Constraint(
            "min_samples must be at most the number of rows",
            lambda min_samples, X: min_samples is None or min_samples <= len(X),
        ),
    )
    left_out = because(
        estimator="it is a linear regression",
        is_data_valid="it is code, not a value",
        is_model_valid="it is code, not a value",
    )

    def estimator(self, **hyperparameters: Any) -> Any:
        for name in ("max_skips", "stop_n_inliers", "stop_score"):
            if hyperparameters[name] is None:
                hyperparameters[name] = math.inf
        return super().estimator(**hyperparameters)

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        import numpy

        rows, features = X.shape
        chosen = dict(values)
        if chosen["min_samples"] is None:
            chosen["min_samples"] = min(features + 1, rows)
        if chosen["residual_threshold"] is None and numpy.median(abs(y - numpy.median(y))) == 0:
            chosen["residual_threshold"] = float(y.std()) or 1.0
        try:
            return super().fit(chosen, X, y)
        except ValueError as error:
            if "consensus set" not in str(error):
                raise
            raise InvalidHyperparameter(
                "ransac: no line was found that enough rows agree with",
                hint="raise max_trials or residual_threshold, or lower min_samples",
            ) from error


class TheilSen(LinearModel):
    """Theil-Sen regression for several features (Dang et al. 2008)."""

    name = "theil_sen"
    objective = "regression"
    summary = "The median of the lines through many small samples of the rows."
    when = "With up to about a dozen features and up to a quarter of outliers; slow beyond."
    library = "sklearn.linear_model.TheilSenRegressor"
    hyperparameters = (
        FIT_INTERCEPT,
        Hyperparameter(
            "max_subpopulation",
            Integer(minimum=1),
            10000,
            "How many samples are fitted at most, drawn at random.",
        ),
        Hyperparameter(
            "n_subsamples",
            Integer(minimum=1),
            None,
            "How many rows each sample has; null is one for each coefficient, the most robust.",
        ),
        MAX_ITER.but(default=300, description="The most iterations of the median."),
        TOLERANCE.but(default=1e-3, description="Precision of the median: when to stop.", search=()),
        N_JOBS,
        RANDOM_STATE,
    )
    constraints = (
        Constraint(
            "n_subsamples must be at least the number of coefficients, and at most the number of rows",
            lambda n_subsamples, fit_intercept, X: (
                n_subsamples is None or min(X.shape[1] + fit_intercept, len(X)) <= n_subsamples <= len(X)
            ),
        ),
    )
    left_out = because("verbose")


class Huber(LinearModel):
    """Huber regression."""

    name = "huber"
    objective = "regression"
    summary = "Least squares for small errors, least absolute errors for large ones."
    when = "The first robust regression to try: fast with many features, for outliers in the target."
    library = "sklearn.linear_model.HuberRegressor"
    hyperparameters = (
        Hyperparameter(
            "epsilon",
            Float(minimum=1),
            1.35,
            "From how many (robust) standard deviations on an error counts as large; smaller is more robust.",
            search=(1.1, 1.35, 1.5, 2.0),
        ),
        MAX_ITER.but(description="The most iterations the solver makes (the library's default is 100)."),
        ALPHA.but(default=1e-4, search=(1e-5, 1e-4, 1e-3, 1e-2)),
        FIT_INTERCEPT,
        TOLERANCE.but(default=1e-5, search=()),
    )
    left_out = because("warm_start")


class Quantile(LinearModel):
    """Linear quantile regression (Koenker and Bassett 1978)."""

    name = "quantile"
    objective = "regression"
    summary = "A weighted sum of the features that predicts the median, or another quantile, of the target."
    when = "For the median of a skewed target, or for its range: train 0.05 and 0.95. Some ten thousand rows at most."
    library = "sklearn.linear_model.QuantileRegressor"
    hyperparameters = (
        Hyperparameter(
            "quantile",
            Float(above=0, below=1),
            0.5,
            "Which quantile to predict: 0.5 is the median, 0.9 is exceeded by one row in ten.",
        ),
        ALPHA.but(
            default=0.0,
            description="Strength of the l1 penalty; 0 means none (the library's 1.0 leaves no feature in the model"
            " where features are standardised).",
            search=(0.0, 0.001, 0.01, 0.1),
        ),
        FIT_INTERCEPT,
        Hyperparameter(
            "solver",
            Choice("highs", "highs-ds", "highs-ipm"),
            "highs",
            "The method of linear programming: simplex (highs-ds), interior point (highs-ipm), or the better one.",
        ),
    )
    left_out = because(solver_options="the solvers do well without")


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [Ransac(), TheilSen(), Huber(), Quantile()]
