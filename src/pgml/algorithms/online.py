"""Linear models fitted row by row: stochastic gradient descent, and the perceptron."""

from __future__ import annotations

from pgml.algorithms._online import AVERAGE, HOLD_OUT, PASSES, Online
from pgml.algorithms._settings import ALPHA, CLASS_WEIGHT, N_JOBS, because
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Constraint, Float, Hyperparameter

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
_SCHEDULE = Choice("constant", "optimal", "invscaling", "adaptive")
_LEARNING_RATE = (
    "How the size of the steps changes: constant stays at eta0, optimal follows alpha, invscaling shrinks eta0 by"
    " power_t, adaptive divides it by 5 whenever the loss stalls."
)
_ETA0 = Hyperparameter(
    "eta0", Float(above=0), 0.01, "Size of the first steps.", search=(0.001, 0.01, 0.1, 1.0)
)
_POWER_T = Hyperparameter(
    "power_t", Float(minimum=0), 0.25, "With learning_rate invscaling, the exponent by which steps shrink."
)
_OPTIMAL_NEEDS_ALPHA = Constraint(
    "alpha must be greater than 0 where learning_rate is optimal",
    lambda alpha, learning_rate: learning_rate != "optimal" or alpha > 0,
)


class StochasticGradientRegression(Online):
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
        AVERAGE,
        *PASSES,
    )
    constraints = (HOLD_OUT, _OPTIMAL_NEEDS_ALPHA)
    left_out = because("verbose", "warm_start")


class StochasticGradientClassification(Online):
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
        AVERAGE,
        CLASS_WEIGHT,
        *PASSES,
        N_JOBS,
    )
    constraints = (HOLD_OUT, _OPTIMAL_NEEDS_ALPHA)
    left_out = because("verbose", "warm_start")


class Perceptron(Online):
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
        *PASSES,
        N_JOBS,
    )
    constraints = (HOLD_OUT,)
    left_out = because("verbose", "warm_start")


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [StochasticGradientRegression(), StochasticGradientClassification(), Perceptron()]
