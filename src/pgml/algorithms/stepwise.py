"""Linear regressions that take up one feature after the other: least angle regression and matching pursuit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import ALPHA, FIT_INTERCEPT, MAX_ITER, POSITIVE, RANDOM_STATE, because
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Constraint, Float, Hyperparameter, Integer

_EPSILON = Hyperparameter(
    "eps",
    Float(above=0),
    2.220446049250313e-16,
    "Precision of the matrix factorisation; raise it where features are almost multiples of each other.",
    without_effect="it matters only where features are almost multiples of each other",
)
_JITTER = Hyperparameter(
    "jitter",
    Float(minimum=0),
    None,
    "Adds random noise up to this much to the target, which helps where features tie exactly; null adds none.",
)
_LEFT_OUT = because(
    "copy_X", "precompute", "verbose", fit_path="the steps on the way to the model are not kept"
)


class LeastAngle(LinearModel):
    """Least angle regression."""

    name = "least_angle"
    objective = "regression"
    summary = "Adds one feature at a time, and moves the coefficients of all that are in together."
    when = "With more features than rows, to find the few that matter; sensitive to noise."
    library = "sklearn.linear_model.Lars"
    hyperparameters = (
        Hyperparameter(
            "n_nonzero_coefs",
            Integer(minimum=1),
            500,
            "How many features to use at most (no more steps are taken than there are features, as the library does"
            " not ensure).",
            search=(1, 5, 10, 50, 500),
        ),
        FIT_INTERCEPT,
        _EPSILON,
        _JITTER,
        RANDOM_STATE,
    )
    left_out = _LEFT_OUT

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        # once a coefficient has changed its sign, the library's solver may take steps beyond the last feature,
        # and they lead far away from least squares
        steps = min(values["n_nonzero_coefs"], X.shape[1])
        return super().fit({**values, "n_nonzero_coefs": steps}, X, y)


class LassoLeastAngle(LinearModel):
    """The lasso, solved by least angle regression."""

    name = "lasso_least_angle"
    objective = "regression"
    summary = "The lasso, found exactly by adding and dropping one feature at a time."
    when = "As lasso, with many more features than rows; there it is faster and exact."
    library = "sklearn.linear_model.LassoLars"
    hyperparameters = (
        ALPHA,
        FIT_INTERCEPT,
        POSITIVE,
        MAX_ITER.but(default=500, description="The most steps, each of which adds or drops a feature."),
        _EPSILON,
        _JITTER,
        RANDOM_STATE,
    )
    left_out = _LEFT_OUT


class OrthogonalMatchingPursuit(LinearModel):
    """Orthogonal matching pursuit."""

    name = "orthogonal_matching_pursuit"
    objective = "regression"
    summary = (
        "Adds the feature that fits the rest of the target best, and fits all anew, until there are enough."
    )
    when = "When you know about how many features matter."
    library = "sklearn.linear_model.OrthogonalMatchingPursuit"
    aliases = ("orthoganl_matching_pursuit",)  # the original system's spelling
    hyperparameters = (
        Hyperparameter(
            "n_nonzero_coefs",
            Integer(minimum=1),
            None,
            "How many features to use; null is a tenth of them, at least one. tol, where it is given, decides"
            " instead.",
            search=(1, 2, 5, 10),
        ),
        Hyperparameter(
            "tol",
            Float(minimum=0),
            None,
            "Adds features until the sum of squared errors is at most this; null adds n_nonzero_coefs of them.",
        ),
        FIT_INTERCEPT,
    )
    constraints = (
        Constraint(
            "n_nonzero_coefs must be at most the number of features",
            lambda n_nonzero_coefs, X: n_nonzero_coefs is None or n_nonzero_coefs <= X.shape[1],
        ),
    )
    left_out = because("precompute")

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        fitted = super().fit(values, X, y)
        # of one feature, the library makes a number of what its own predict takes for a list
        fitted.coef_ = fitted.coef_.reshape(-1)
        return fitted


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [LeastAngle(), LassoLeastAngle(), OrthogonalMatchingPursuit()]
