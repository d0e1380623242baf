"""Passive-aggressive learning: row by row, the least change that puts the row right."""

from __future__ import annotations

from typing import Any

from pgml.algorithms._online import AVERAGE, HOLD_OUT, PASSES, Online
from pgml.algorithms._settings import CLASS_WEIGHT, N_JOBS, because
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Float, Hyperparameter

_AGGRESSIVENESS = Hyperparameter(
    "C",
    Float(above=0),
    1.0,
    "How far one row may move the coefficients at most: smaller learns more slowly and resists noise.",
    search=(0.001, 0.01, 0.1, 1.0, 10.0),
)
_LEFT_OUT = because(
    "verbose",
    "warm_start",
    eta0="C is that",
    learning_rate="it follows from loss",
    penalty="the algorithm has no penalty",
    alpha="the algorithm has no penalty",
    l1_ratio="the algorithm has no penalty",
    power_t="the size of each step follows from the row",
)


class PassiveAggressiveRegression(Online):
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
        AVERAGE,
        *PASSES,
    )
    constraints = (HOLD_OUT,)
    left_out = _LEFT_OUT

    def estimator(self, *, C: float, loss: str, **hyperparameters: Any) -> Any:
        return super().estimator(
            loss="epsilon_insensitive",
            learning_rate="pa1" if loss == "epsilon_insensitive" else "pa2",
            eta0=C,
            penalty=None,
            **hyperparameters,
        )


class PassiveAggressiveClassification(Online):
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
        AVERAGE,
        CLASS_WEIGHT,
        *PASSES,
        N_JOBS,
    )
    constraints = (HOLD_OUT,)
    left_out = because(**_LEFT_OUT, epsilon="neither loss has it")

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
    return [PassiveAggressiveRegression(), PassiveAggressiveClassification()]
