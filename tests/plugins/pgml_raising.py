"""An algorithm that raises, or returns what it must not, in the method that is asked for."""

import pickle

import numpy as np

import pgml
from pgml.predictors.build import linear


class Mean:
    """Predicts the mean, or what it is told to."""

    def __init__(self, answer=None):
        self.answer = answer

    def fit(self, X, y):
        self.mean = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean) if self.answer is None else self.answer(X)


class Forgetful(Mean):
    def predict(self, X):
        raise KeyError("colour")


ANSWERS = {
    "too few predictions": lambda X: np.zeros(len(X) - 1),
    "a table of predictions": lambda X: np.zeros((len(X), 2)),
    "words": lambda X: np.array(["high"] * len(X)),
    "no numbers": lambda X: np.full(len(X), np.nan),
}


class Raising(pgml.Algorithm):
    name = "raising"
    objective = "regression"
    summary = "It raises where it is told to."
    hyperparameters = (
        pgml.Hyperparameter(
            "where",
            pgml.Choice(
                "nowhere",
                "check",
                "estimator",
                "fit",
                "fit nothing",
                "exit",
                "interrupt",
                "predict",
                "compile",
                "compile to nothing known",
                "compile to other features",
                "save",
                "save to a word",
                "save a pickle",
                "load",
                "load another",
                "load what cannot predict",
                *ANSWERS,
            ),
            "nowhere",
            "Where to raise, or what to return.",
        ),
    )

    def check(self, given):
        values = super().check(given)
        if values["where"] == "check":
            raise ZeroDivisionError("the sum of all settings is zero")
        return values

    def estimator(self, where):
        if where == "estimator":
            raise ImportError("libexotic.so.7: cannot open shared object file")
        return Forgetful() if where == "predict" else Mean(ANSWERS.get(where))

    def fit(self, values, X, y):
        self.where = values["where"]
        if self.where == "fit":
            raise ValueError("the matrix\nis   singular")
        if self.where == "exit":
            raise SystemExit("good bye")
        if self.where == "interrupt":
            raise KeyboardInterrupt
        if self.where == "fit nothing":
            return None
        return super().fit(values, X, y)

    def compile(self, fitted):
        if self.where.startswith(("save", "load")):
            return None
        if self.where == "compile":
            raise IndexError("no such leaf")
        if self.where == "compile to nothing known":
            return "a predictor, honestly"
        width = 7 if self.where == "compile to other features" else 3
        return linear.predictor(np.zeros(width), fitted.mean)

    def save(self, fitted):
        if self.where == "save":
            raise OSError("the disk is full")
        if self.where == "save a pickle":
            return pickle.dumps(fitted.mean)
        return "some text" if self.where == "save to a word" else np.float64(fitted.mean).tobytes()

    def load(self, saved):
        if self.where == "load":
            raise EOFError("it ends in the middle")
        loaded = Forgetful() if self.where == "load what cannot predict" else Mean()
        loaded.mean = np.frombuffer(saved)[0] + (self.where == "load another")
        return loaded


@pgml.hookimpl
def pgml_algorithms():
    return [Raising()]
