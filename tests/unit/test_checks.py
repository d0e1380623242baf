"""The conformance suite finds what is wrong: an algorithm that breaks one rule fails in the check of that rule."""

from __future__ import annotations

import numpy as np
import pytest

import pgml
from pgml.plugin import checks
from pgml.plugin.hyperparameters import Integer
from pgml.plugin.objective import OBJECTIVES


class Tree:
    """A decision tree whose answers go through ``change``."""

    def __init__(self, objective, change):
        self.objective, self.change = objective, change

    def fit(self, X, y):
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        tree = DecisionTreeRegressor if self.objective == "regression" else DecisionTreeClassifier
        self.tree = tree(random_state=0).fit(X, y)
        return self

    def predict(self, X):
        return self.change(self.tree.predict(X))


class Certain(Tree):
    """It gives probabilities too, through ``change``."""

    def predict(self, X):
        return self.tree.predict(X)

    def predict_proba(self, X):
        return self.change(self.tree.predict_proba(X))


def algorithm(objective: str, change, estimator: type[Tree] = Tree) -> pgml.Algorithm:
    made = pgml.Algorithm()
    made.name, made.objective, made.summary = "tree", objective, "A decision tree, and a change."
    made.estimator = lambda **hyperparameters: estimator(objective, change)
    return made


def broken(check, algorithm: pgml.Algorithm) -> str:
    """Return what the check says, which names the algorithm."""
    with pytest.raises(AssertionError) as failed:
        check(algorithm)
    assert "tree" in str(failed.value)
    return str(failed.value)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_keeps_the_rules_passes(objective):
    for check in (checks.fits_every_table, checks.learns, checks.compiles_to_the_same):
        check(algorithm(objective, lambda answers: answers))
    checks.fits_every_table(algorithm("classification", lambda answers: answers, Certain))


@pytest.mark.parametrize(
    ("objective", "change", "said"),
    [
        ("regression", lambda answers: answers[:-1], "must predict one finite number a row (plain), not float64 of shape (39,)"),
        ("regression", lambda answers: answers * np.nan, "must predict one finite number a row (plain), not nan"),
        ("classification", lambda answers: answers + 1, "from 0 to k - 1 (plain), not the class 2 of 2"),
        ("classification", lambda answers: answers + 0.5, "from 0 to k - 1 (plain), not the class"),
    ],
)
def test_predictions_that_are_none(objective, change, said):
    assert said in broken(checks.fits_every_table, algorithm(objective, change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda answers: answers[:, :1], "must predict the probabilities of each class (plain)"),
        (lambda answers: answers * np.nan, "must predict the probabilities of each class (plain)"),
        (lambda answers: answers / 2, "must predict probabilities that sum to 1 (plain)"),
    ],
)
def test_probabilities_that_are_none(change, said):
    assert said in broken(checks.fits_every_table, algorithm("classification", change, Certain))


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("regression", "must beat a constant prediction, of mean_squared_error "),
        ("classification", "must beat a constant prediction, of f1 0.333"),
    ],
)
def test_what_learns_nothing(objective, said):
    def constant(answers):
        return np.full_like(answers, answers.mean())

    assert said in broken(checks.learns, algorithm(objective, constant))


def test_an_objective_that_there_is_not():
    made = algorithm("ranking", lambda answers: answers)
    assert "its objective must be one of ('classification', 'regression')" in broken(checks.declares_itself, made)


def test_values_that_are_no_json():
    class Numbers(Integer):
        def convert(self, value):
            return np.int64(super().convert(value))

    made = algorithm("regression", lambda answers: answers)
    made.hyperparameters = (pgml.Hyperparameter("depth", Numbers(minimum=1), 3, "How deep the tree is."),)
    assert "not JSON serializable" in broken(checks.declares_hyperparameters, made)
