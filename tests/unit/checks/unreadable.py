"""Algorithms whose saved models cannot be read again in one way or another, as the suite must notice."""

from __future__ import annotations

import pickle

import numpy as np

import pgml
from pgml.predictors import NotCompilable
from pgml.predictors.build import linear

TREES = (
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance",
    "sklearn.neighbors._kd_tree.KDTree",
)
_kept = {}  # of this process


class Neighbours(pgml.Algorithm):
    """Sound, and not compiled."""

    name = "neighbours"
    objective = "regression"
    summary = "The mean of the nearest rows' targets."
    when = "When rows that are alike have targets that are alike."
    source = "https://scikit-learn.org/stable/modules/neighbors.html"
    trusted_types = TREES
    hyperparameters = (
        pgml.Hyperparameter("n_neighbors", pgml.Integer(minimum=1), 5, "How many rows are near.", search=(1, 5, 10)),
        pgml.Hyperparameter(
            "algorithm", pgml.Choice("auto", "ball_tree", "kd_tree", "brute"), "auto", "How they are found."
        ),
    )

    def estimator(self, **hyperparameters):
        from sklearn.neighbors import KNeighborsRegressor

        return KNeighborsRegressor(**hyperparameters)


class ManyNeighbours(Neighbours):
    """With so many neighbours the library searches all rows of a small table, and makes a tree of a larger one."""

    trusted_types = ()
    hyperparameters = (pgml.Hyperparameter("n_neighbors", pgml.Integer(minimum=1), 25, "How many rows are near."),)


class OtherTree(Neighbours):
    """It trusts the tree of its default, and users are told to try another one."""

    hyperparameters = (
        Neighbours.hyperparameters[0],
        Neighbours.hyperparameters[1].but(search=("kd_tree", "ball_tree")),
    )


class SometimesCompiled(OtherTree):
    """It is compiled, but for one of the settings that are worth trying."""

    def compile(self, fitted):
        if fitted.algorithm == "ball_tree":
            raise NotCompilable("a ball is round")
        return linear.predictor(np.zeros(fitted.n_features_in_), 0.0)


class Pickled(Neighbours):
    def save(self, fitted):
        return pickle.dumps(fitted)

    def load(self, saved):
        return pickle.loads(saved)  # noqa: S301


class Remembered(Neighbours):
    """It keeps the model in the process that trained it."""

    def save(self, fitted):
        _kept[str(id(fitted))] = fitted
        return str(id(fitted)).encode()

    def load(self, saved):
        return _kept[saved.decode()]


class Reshaped(Neighbours):
    """It reads back a model that predicts otherwise, only where it was not saved."""

    def save(self, fitted):
        _kept["neighbours"] = fitted.n_neighbors
        return super().save(fitted)

    def load(self, saved):
        return super().load(saved).set_params(n_neighbors=_kept.get("neighbours", 2))
