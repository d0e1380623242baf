"""Algorithms whose models depend on what they must not, or not on what they should, as the suite must notice."""

from __future__ import annotations

import random

import numpy as np

import pgml
from pgml.predictors.build import linear


class Line:
    """Least squares with a penalty, on what ``seen`` makes of the rows."""

    def __init__(self, alpha=0.0, seen=None):
        self.alpha, self.seen = alpha, seen

    def fit(self, X, y):
        self.center, self.mean = X.mean(axis=0), y.mean()
        X = X - self.center
        self.weights = np.linalg.solve(X.T @ X + (self.alpha + 1e-9) * np.eye(X.shape[1]), X.T @ (y - y.mean()))
        return self

    def predict(self, X):
        X = X if self.seen is None else self.seen(self, X)
        return (X - self.center) @ self.weights + self.mean


class Sound(pgml.Algorithm):
    """It keeps every rule."""

    name = "line"
    objective = "regression"
    summary = "Least squares with a penalty."
    when = "When the target follows the features in a straight line."
    source = "https://en.wikipedia.org/wiki/Ridge_regression"
    scaled = True
    hyperparameters = (
        pgml.Hyperparameter("alpha", pgml.Float(minimum=0), 0.0, "Strength of the penalty.", search=(0.0, 1.0)),
    )
    left_out = {"seen": "it is for tests"}
    trusted_types = ("unsteady.Line",)
    seen = None

    def estimator(self, alpha):
        return Line(alpha, None if self.seen is None else type(self).seen)

    def compile(self, fitted):
        return linear.predictor(fitted.weights, fitted.mean - fitted.center @ fitted.weights)


class Uncompiled(Sound):
    def compile(self, fitted):
        return None


# -- what is predicted depends on more than the row ------------------------------------------------------------------


class Centred(Uncompiled):
    """Each batch is measured by its own mean."""

    def seen(self, X):
        return X - X.mean(axis=0)


class Smoothed(Uncompiled):
    """The row before has a say: a row alone, and any batch of twice the rows, look the same to the first row only."""

    def seen(self, X):
        return np.vstack([X[:1], (X[1:] + X[:-1]) / 2])


class ForMany(Uncompiled):
    """Of many rows it makes other answers than of few."""

    def seen(self, X):
        return X + 0.1 * (len(X) > 100)


class Counting(Uncompiled):
    """It drifts with every call."""

    def seen(self, X):
        self.calls = getattr(self, "calls", 0) + 1
        return X + 0.01 * self.calls


class Flipping(Uncompiled):
    """A classifier that answers the other way round every second time."""

    objective = "classification"
    trusted_types = ("unsteady.Flipped",)

    def estimator(self, alpha):
        return Flipped(alpha)


class Flipped(Line):
    def predict(self, X):
        self.calls = getattr(self, "calls", 0) + 1
        return (super().predict(X) > 0.5).astype(np.int64) ^ self.calls % 2


class FirstImpression(Uncompiled):
    """The first batch that it ever sees decides how others are seen."""

    def seen(self, X):
        self.__dict__.setdefault("measure", X.mean(axis=0))
        return X - self.measure


# -- randomness, processes -------------------------------------------------------------------------------------------


class Seeding(Sound):
    def fit(self, values, X, y):
        np.random.seed(0)
        return super().fit(values, X, y)


class SeedingPython(Sound):
    def compile(self, fitted):
        random.seed(0)
        return super().compile(fitted)


class Drawing(Uncompiled):
    """It leaves its draws without a trace in the answers: those of a caller are other ones all the same."""

    def seen(self, X):
        np.random.random()
        return X


class Hashing(Sound):
    """The model follows the hash of a word, which another process makes with another seed."""

    def fit(self, values, X, y):
        fitted = super().fit(values, X, y)
        fitted.mean += hash("word") % 1000
        return fitted


class AtHome(Sound):
    """It trains where its module has been told to, and in no other process."""

    told = False

    def fit(self, values, X, y):
        if not AtHome.told:
            raise LookupError("nobody has told")
        return super().fit(values, X, y)


# -- settings --------------------------------------------------------------------------------------------------------

STEPS = pgml.Hyperparameter("steps", pgml.Integer(minimum=1), 10, "How many steps to make.", search=(1, 10))
KIND = pgml.Hyperparameter("kind", pgml.Choice("plain", "fancy"), "plain", "Which kind it is.")
SLOPE = pgml.Hyperparameter("slope", pgml.Float(above=0), 1.0, "With fancy, how steep it is.")
SPEED = pgml.Hyperparameter(
    "speed", pgml.Integer(minimum=1), 1, "How fast.", without_effect="it changes nothing but the speed"
)


class Ignoring(Sound):
    """It declares steps, and makes none."""

    hyperparameters = (*Sound.hyperparameters, STEPS)

    def estimator(self, alpha, steps):
        return super().estimator(alpha)


class Conditional(Sound):
    """What one setting does, another decides; and one changes only the speed, as it says."""

    hyperparameters = (*Sound.hyperparameters, KIND, SLOPE, SPEED)

    def estimator(self, alpha, kind, slope, speed):
        return super().estimator(alpha + (slope if kind == "fancy" else 0))


class Forgetting(Sound):
    left_out = {}


class WithoutReason(Sound):
    left_out = {"seen": " "}


class Silent(Sound):
    def fit(self, values, X, y):
        super().fit(values, X, y)


class Hesitant(Sound):
    """It cannot compile one of the values that are worth trying."""

    def compile(self, fitted):
        if fitted.alpha:
            raise IndexError("no such penalty")
        return super().compile(fitted)


class Wrong(Sound):
    """It compiles one of the values that are worth trying to something else."""

    def compile(self, fitted):
        return linear.predictor(fitted.weights, fitted.mean - fitted.center @ fitted.weights + fitted.alpha)


class Failing(Sound):
    def fit(self, values, X, y):
        if values["alpha"]:
            raise ZeroDivisionError("no such penalty")
        return super().fit(values, X, y)


# -- a target above 0 ------------------------------------------------------------------------------------------------


class Gamma(pgml.Algorithm):
    """A generalised linear model, which knows only targets above 0."""

    name = "gamma"
    objective = "regression"
    summary = "A generalised linear model with a log link."
    when = "When the target is above 0 and its errors grow with it."
    source = "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.GammaRegressor.html"
    scaled = True
    positive_target = True
    hyperparameters = (
        pgml.Hyperparameter("alpha", pgml.Float(minimum=0), 1.0, "Strength of the penalty.", search=(0.1, 1.0)),
    )
    left_out = dict.fromkeys(
        ("fit_intercept", "solver", "max_iter", "tol", "warm_start", "verbose"), "the default is good"
    )

    def estimator(self, **hyperparameters):
        from sklearn.linear_model import GammaRegressor

        return GammaRegressor(**hyperparameters)

    def compile(self, fitted):
        return linear.predictor(fitted.coef_, fitted.intercept_, output="exp")


class Undeclared(Gamma):
    positive_target = False


class OfLabels(Gamma):
    objective = "classification"
