"""Linear models fitted row by row: stochastic gradient descent, the perceptron, passive-aggressive learning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgml.algorithm import Algorithm
from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import (
    ALPHA,
    CLASS_WEIGHT,
    FIT_INTERCEPT,
    MAX_ITER,
    N_ITER_NO_CHANGE,
    N_JOBS,
    RANDOM_STATE,
    TOLERANCE,
    VALIDATION_FRACTION,
    because,
    can_hold_out,
)
from pgml.errors import InvalidHyperparameter
from pgml.hookspecs import hookimpl
from pgml.hyperparameters import Boolean, Choice, Constraint, Either, Float, Hyperparameter, Integer

_PASSES = (
    FIT_INTERCEPT,
    MAX_ITER.but(description="The most passes over the training rows."),
    TOLERANCE.but(
        default=1e-3,
        description="Stops when a pass improves the loss by less than this, n_iter_no_change times in a row;"
        " null makes all max_iter passes.",
        nullable=True,
        search=(),
    ),
    Hyperparameter("shuffle", Boolean(), True, "Whether to shuffle the rows before each pass."),
    Hyperparameter(
        "early_stopping",
        Boolean(),
        False,
        "Whether to stop by the score on rows held out from training, rather than by the loss on all.",
    ),
    VALIDATION_FRACTION,
    N_ITER_NO_CHANGE,
    RANDOM_STATE,
)
_PENALTY = Hyperparameter(
    "penalty",
    Choice("l2", "l1", "elasticnet"),
    "l2",
    "What to penalise: l2 keeps coefficients small, l1 keeps them few, elasticnet does both; null nothing.",
    search=("l2", "l1", "elasticnet"),
    nullable=True,
)
_ALPHA = ALPHA.but(
    default=1e-4, description="Strength of the penalty.", search=(1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
)
_L1_RATIO = Hyperparameter(
    "l1_ratio",
    Float(minimum=0, maximum=1),
    0.15,
    "With penalty elasticnet, how much of it is l1.",
)
_EPSILON = Hyperparameter(
    "epsilon",
    Float(minimum=0),
    0.1,
    "With the losses huber and epsilon_insensitive (squared or not), the error from which they change.",
)
_AVERAGE = Hyperparameter(
    "average",
    Either(Boolean(), Integer(minimum=1)),
    False,
    "Whether to answer with the mean of the coefficients over all steps; a number says after how many rows"
    " the mean begins.",
)
_SCHEDULE = Choice("constant", "optimal", "invscaling", "adaptive")
_LEARNING_RATE = (
    "How the size of the steps changes: constant stays at eta0, optimal follows alpha, invscaling"
    + (" shrinks eta0 by power_t, adaptive divides it by 5 whenever the loss stalls.")
)
_ETA0 = Hyperparameter(
    "eta0", Float(above=0), 0.01, "Size of the first steps.", search=(0.001, 0.01, 0.1, 1.0)
)
_POWER_T = Hyperparameter(
    "power_t", Float(minimum=0), 0.25, "With learning_rate invscaling, the exponent by which steps shrink."
)
_HOLD_OUT = Constraint(
    "validation_fraction must leave rows of each class on both sides where early_stopping is true",
    lambda validation_fraction, early_stopping, y: not early_stopping or can_hold_out(validation_fraction, y),
)
_OPTIMAL_NEEDS_ALPHA = Constraint(
    "alpha must be greater than 0 where learning_rate is optimal",
    lambda alpha, learning_rate: learning_rate != "optimal" or alpha > 0,
)


class _Online(LinearModel):
    """What all of them have in common."""

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        try:
            return super().fit(values, X, y)
        except ValueError as error:
            if "under-/overflow" not in str(error):
                raise
            size = "C" if self.name == "passive_aggressive" else "eta0"
            raise InvalidHyperparameter(
                f"{self.name}: {size} is too large for these rows, the coefficients have grown beyond all numbers,"
                f" got {values[size]:g}",
                hint=f"lower {size}, or, if that does not help, look for rows far from the others",
            ) from error


class StochasticGradientRegression(_Online):
    """Linear regression by stochastic gradient descent."""

    name = "stochastic_gradient_descent"
    objective = "regression"
    summary = "A linear regression fitted in small steps, one row at a time, for a choice of losses."
    when = "With hundreds of thousands of rows, or for losses that resist outliers."
    library = "sklearn.linear_model.SGDRegressor"
    hyperparameters = (
        Hyperparameter(
            "loss",
            Choice("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"),
            "squared_error",
            "What is lowered: squared_error is least squares, huber and epsilon_insensitive resist outliers.",
        ),
        _PENALTY,
        _ALPHA,
        _L1_RATIO,
        _EPSILON,
        Hyperparameter("learning_rate", _SCHEDULE, "invscaling", _LEARNING_RATE),
        _ETA0,
        _POWER_T,
        _AVERAGE,
        *_PASSES,
    )
    constraints = (_HOLD_OUT, _OPTIMAL_NEEDS_ALPHA)
    left_out = because("verbose", "warm_start")


class StochasticGradientClassification(_Online):
    """Linear classification by stochastic gradient descent."""

    name = "stochastic_gradient_descent"
    objective = "classification"
    summary = "A linear classifier fitted in small steps, one row at a time, for a choice of losses."
    when = "With hundreds of thousands of rows. Set loss to log_loss where you want probabilities."
    library = "sklearn.linear_model.SGDClassifier"
    hyperparameters = (
        Hyperparameter(
            "loss",
            Choice(
                "hinge",
                "log_loss",
                "modified_huber",
                "squared_hinge",
                "perceptron",
                "squared_error",
                "huber",
                "epsilon_insensitive",
                "squared_epsilon_insensitive",
            ),
            "hinge",
            "What is lowered: hinge is a support vector machine, log_loss is logistic regression;"
            " log_loss and modified_huber give probabilities.",
            search=("hinge", "log_loss", "modified_huber"),
        ),
        _PENALTY,
        _ALPHA,
        _L1_RATIO,
        _EPSILON,
        Hyperparameter("learning_rate", _SCHEDULE, "optimal", _LEARNING_RATE),
        _ETA0,
        _POWER_T.but(default=0.5),
        _AVERAGE,
        CLASS_WEIGHT,
        *_PASSES,
        N_JOBS,
    )
    constraints = (_HOLD_OUT, _OPTIMAL_NEEDS_ALPHA)
    left_out = because("verbose", "warm_start")


class Perceptron(_Online):
    """Rosenblatt's perceptron."""

    name = "perceptron"
    objective = "classification"
    summary = "The oldest linear classifier: it learns from the rows that it gets wrong, and only from them."
    when = "A fast yardstick on many rows with classes that a line can part; no probabilities."
    library = "sklearn.linear_model.Perceptron"
    hyperparameters = (
        _PENALTY.but(default=None, search=(None, "l2", "l1", "elasticnet")),
        _ALPHA,
        _L1_RATIO,
        Hyperparameter("eta0", Float(above=0), 1.0, "Size of the steps; it matters with a penalty only."),
        CLASS_WEIGHT,
        *_PASSES,
        N_JOBS,
    )
    constraints = (_HOLD_OUT,)
    left_out = because("verbose", "warm_start")


_AGGRESSIVENESS = Hyperparameter(
    "C",
    Float(above=0),
    1.0,
    "How far one row may move the coefficients at most: smaller learns more slowly and resists noise.",
    search=(0.001, 0.01, 0.1, 1.0, 10.0),
)
_PASSIVE_AGGRESSIVE_LEFT_OUT = because(
    "verbose",
    "warm_start",
    eta0="C is that",
    learning_rate="it follows from loss",
    penalty="the algorithm has no penalty",
    alpha="the algorithm has no penalty",
    l1_ratio="the algorithm has no penalty",
    power_t="the size of each step follows from the row",
)


class PassiveAggressiveRegression(_Online):
    """Passive-aggressive regression (Crammer et al. 2006), as a kind of stochastic gradient descent."""

    name = "passive_aggressive"
    objective = "regression"
    summary = "Row by row: no change while the error is small, else just as much as removes it."
    when = "With very many rows, where one pass has to do; sensitive to noise (lower C)."
    library = "sklearn.linear_model.SGDRegressor"
    source = "https://jmlr.org/papers/v7/crammer06a.html"
    hyperparameters = (
        _AGGRESSIVENESS,
        Hyperparameter(
            "loss",
            Choice("epsilon_insensitive", "squared_epsilon_insensitive"),
            "epsilon_insensitive",
            "How errors count: epsilon_insensitive is the variant PA-I of the paper, the squared one PA-II.",
        ),
        Hyperparameter("epsilon", Float(minimum=0), 0.1, "The error up to which nothing is changed."),
        _AVERAGE,
        *_PASSES,
    )
    constraints = (_HOLD_OUT,)
    left_out = _PASSIVE_AGGRESSIVE_LEFT_OUT

    def estimator(self, *, C: float, loss: str, **hyperparameters: Any) -> Any:
        return super().estimator(
            loss="epsilon_insensitive",
            learning_rate="pa1" if loss == "epsilon_insensitive" else "pa2",
            eta0=C,
            penalty=None,
            **hyperparameters,
        )


class PassiveAggressiveClassification(_Online):
    """Passive-aggressive classification (Crammer et al. 2006), as a kind of stochastic gradient descent."""

    name = "passive_aggressive"
    objective = "classification"
    summary = (
        "Row by row: no change while a row is classified with confidence, else just as much as achieves it."
    )
    when = "With very many rows, where one pass has to do; sensitive to noise (lower C). No probabilities."
    library = "sklearn.linear_model.SGDClassifier"
    source = "https://jmlr.org/papers/v7/crammer06a.html"
    hyperparameters = (
        _AGGRESSIVENESS,
        Hyperparameter(
            "loss",
            Choice("hinge", "squared_hinge"),
            "hinge",
            "How mistakes count: hinge is the variant PA-I of the paper, squared_hinge PA-II.",
        ),
        _AVERAGE,
        CLASS_WEIGHT,
        *_PASSES,
        N_JOBS,
    )
    constraints = (_HOLD_OUT,)
    left_out = because(**_PASSIVE_AGGRESSIVE_LEFT_OUT, epsilon="neither loss has it")

    def estimator(self, *, C: float, loss: str, **hyperparameters: Any) -> Any:
        return super().estimator(
            loss="hinge",
            learning_rate="pa1" if loss == "hinge" else "pa2",
            eta0=C,
            penalty=None,
            **hyperparameters,
        )


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [
        StochasticGradientRegression(),
        StochasticGradientClassification(),
        Perceptron(),
        PassiveAggressiveRegression(),
        PassiveAggressiveClassification(),
    ]
