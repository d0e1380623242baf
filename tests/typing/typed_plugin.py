"""A plugin whose author has everything type checked: nothing of pgml needs an ignore."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import pgml
from pgml import Boolean, Choice, Constraint, Dataset, Either, Float, Hyperparameter
from pgml.errors import CorruptPredictor
from pgml.plugin.hyperparameters import Kind
from pgml.predictors import Predictor
from pgml.predictors.build import linear

if TYPE_CHECKING:
    from typing import assert_type

    import pandas as pd


class ShrunkLine:
    """Least squares with a penalty on the slopes."""

    def __init__(self, strength: float, intercept: bool, weights: np.ndarray | None = None):
        self.strength = strength
        self.intercept = intercept
        self.weights = np.empty(0) if weights is None else weights

    def fit(self, X: np.ndarray, y: np.ndarray) -> ShrunkLine:
        """Find the weights [features + 1], the intercept last."""
        rows, penalty = self._with_ones(X), np.full(X.shape[1] + 1, self.strength)
        penalty[-1] = 0.0
        self.weights = np.linalg.lstsq(rows.T @ rows + np.diag(penalty), rows.T @ y, rcond=None)[0]
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return a number a row."""
        return np.asarray(self._with_ones(X) @ self.weights)

    def _with_ones(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([X, np.full(len(X), 1.0 if self.intercept else 0.0)])


class Even(Kind):
    """A kind of the plugin's own."""

    type = "integer"
    rule = "an even number"

    def convert(self, value: Any) -> int:
        if not isinstance(value, int) or value % 2:
            raise ValueError(self.rule)
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "multipleOf": 2}


class Shrinkage(pgml.Algorithm[ShrunkLine]):
    """An algorithm that names the type of its estimator, and its hyperparameters with theirs."""

    name = "shrinkage"
    objective = "regression"
    summary = "Least squares with a penalty on the slopes."
    when = "When a plugin is to show that it can be type checked."
    source = "https://en.wikipedia.org/wiki/Ridge_regression"
    hyperparameters = (
        Hyperparameter("strength", Float(above=0.0), 1.0, "How strong the penalty is.", search=(0.1, 1.0)),
        Hyperparameter(
            "rounds", Even(), 2, "How often the weights are found.", without_effect="one time would do"
        ),
        Hyperparameter("intercept", Boolean(), True, "Whether there is a number that no feature counts for."),
    )
    constraints = (
        Constraint("strength must be below 10 without intercept", lambda strength, intercept: intercept or strength < 10),
    )
    left_out = {"solver": "there is one", "weights": "they are what is fitted"}
    scaled = True

    def estimator(self, *, strength: float, rounds: int, intercept: bool) -> ShrunkLine:
        assert rounds % 2 == 0
        return ShrunkLine(strength, intercept)

    def fit(self, values: Mapping[str, Any], X: np.ndarray, y: np.ndarray) -> ShrunkLine:
        fitted = super().fit(values, X, y)
        assert np.isfinite(fitted.weights).all()
        return fitted

    def compile(self, fitted: ShrunkLine) -> Predictor | None:
        return linear.predictor(fitted.weights[:-1], float(fitted.weights[-1]) if fitted.intercept else 0.0)

    def save(self, fitted: ShrunkLine) -> bytes:
        return json.dumps([fitted.strength, fitted.intercept, fitted.weights.tolist()]).encode()

    def load(self, saved: bytes) -> ShrunkLine:
        try:
            strength, intercept, weights = json.loads(saved)
        except ValueError as error:
            raise CorruptPredictor("a saved shrinkage is no JSON") from error
        return ShrunkLine(strength, intercept, np.array(weights))


class NaiveBayes(pgml.Algorithm):
    """An algorithm that leaves the type of its estimator to a library that has none."""

    name = "naive_bayes"
    objective = "classification"
    summary = "Takes the features for independent of each other, and normal within each class."
    when = "When a plugin is to show that it can be type checked."
    source = "https://scikit-learn.org/stable/modules/generated/sklearn.naive_bayes.GaussianNB.html"
    hyperparameters = (
        Hyperparameter(
            "var_smoothing", Either(Float(above=0.0), Choice("none")), 1e-9, "What is added to variances."
        ),
    )
    left_out = {"priors": "the classes' shares of the rows are what is wanted"}

    def estimator(self, **hyperparameters: Any) -> Any:
        from sklearn.naive_bayes import GaussianNB

        smoothing = hyperparameters["var_smoothing"]
        return GaussianNB(var_smoothing=0.0 if smoothing == "none" else smoothing)


def numbers() -> pd.DataFrame:
    """Return a data set of two columns."""
    import pandas as pd

    return pd.DataFrame({"number": np.arange(10.0), "target": np.arange(10.0) * 2})


@pgml.hookimpl
def pgml_algorithms() -> list[pgml.Algorithm]:
    return [Shrinkage(), NaiveBayes()]


@pgml.hookimpl
def pgml_datasets() -> list[Dataset]:
    return [Dataset("numbers", "A line.", numbers)]


if TYPE_CHECKING:  # what a type checker knows, and what it refuses: an ignore that is not needed is an error, too
    X, y = np.zeros((2, 1)), np.zeros(2)
    assert_type(Shrinkage().fit({}, X, y), ShrunkLine)
    assert_type(Shrinkage().check({"strength": 2}), dict[str, Any])
    assert_type(Shrinkage().compile(ShrunkLine(1.0, True)), Predictor | None)
    assert_type(NaiveBayes().estimator(), Any)
    assert_type(pgml_algorithms(), list[pgml.Algorithm])
    assert_type(Hyperparameter("a", Float(), 1.0, "A.").but(default=2.0), Hyperparameter)

    class Wrong(pgml.Algorithm[ShrunkLine]):
        name = 3  # type: ignore[assignment]
        hyperparameters = (Float(),)  # type: ignore[assignment]

        def compile(self, fitted: int) -> None:  # type: ignore[override]
            return None

    class NoEstimator(pgml.Algorithm[int]):  # type: ignore[type-var]
        pass

    linear.predictor(X, "0")  # type: ignore[arg-type]
    pgml.Integer(smallest=1)  # type: ignore[call-arg]
    print(pgml.no_such_thing)  # type: ignore[attr-defined]
