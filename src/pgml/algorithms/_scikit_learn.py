"""Algorithms that are one class of scikit-learn each, named by its path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pgml.errors import CorruptPredictor, InvalidHyperparameter
from pgml.plugin.algorithm import Algorithm

if TYPE_CHECKING:
    import numpy

    from pgml.predictors import Predictor


class ScikitLearn(Algorithm):
    """An algorithm whose hyperparameters are the parameters of one scikit-learn estimator.

    Attributes:
        library: the path of the estimator's class, in the words of scikit-learn's documentation.
    """

    library: str

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "library" in vars(cls) and not cls.source:
            cls.source = f"https://scikit-learn.org/stable/modules/generated/{cls.library}.html"

    def estimator(self, **hyperparameters: Any) -> Any:
        module, _, name = self.library.rpartition(".")
        return getattr(import_module(module), name)(**hyperparameters)

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        import joblib

        # with n_jobs, threads: the processes that joblib starts by itself would outlive a cancelled training
        with joblib.parallel_config(backend="threading"):
            return super().fit(values, X, y)


class LinearModel(ScikitLearn):
    """A weighted sum of the features: on standardised features, compiled to coefficients and intercept."""

    scaled = True

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        try:
            return super().fit(values, X, y)
        except (ZeroDivisionError, ValueError) as error:
            # what the stochastic solvers say where features are next to nothing, or the penalty is
            if "solver" not in values or not re.search("step_size|under-/overflow", str(error)):
                raise
            raise InvalidHyperparameter(
                f"{self.name}: solver must be another than {values['solver']} for these rows and this penalty"
            ) from error

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.linear_models import linear_model

        return linear_model(fitted)


class TreeEnsemble(ScikitLearn):
    """Trees of scikit-learn. Their compiled code follows the indices of a saved tree without looking."""

    trusted_types = ("sklearn.tree._tree.Tree",)

    def load(self, saved: bytes) -> Any:
        """Return the estimator that ``save`` saved; raise CorruptPredictor where a tree leads astray."""
        fitted = super().load(saved)
        if isinstance(fitted, dict):
            raise CorruptPredictor(
                f"the saved {self.name} model is in the form of version 0.1, which is not read any more",
                hint="train the model again",
            )
        for left, right, feature in self.trees(fitted):
            if not _leads_down(left, right, feature, fitted.n_features_in_):
                raise CorruptPredictor(f"the saved {self.name} model has a tree that is not one")
        return fitted

    def trees(self, fitted: Any) -> Iterable[tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]]:
        """Yield the left child, right child and feature of each node of each tree; -1 children are of a leaf."""
        members = fitted.estimators_
        for member in members.ravel() if hasattr(members, "ravel") else members:
            tree = member.tree_
            yield tree.children_left, tree.children_right, tree.feature


class EnsembleOfGivenTrees(TreeEnsemble):
    """An ensemble of any estimators, here of decision trees that ``max_depth`` and ``min_samples_leaf`` describe."""

    def estimator(self, *, max_depth: int | None, min_samples_leaf: float, **hyperparameters: Any) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeRegressor if self.objective == "regression" else DecisionTreeClassifier
        tree = kind(max_depth=max_depth, min_samples_leaf=min_samples_leaf)
        return super().estimator(estimator=tree, **hyperparameters)


def _leads_down(left: numpy.ndarray, right: numpy.ndarray, feature: numpy.ndarray, n_features: int) -> bool:
    """Return whether every inner node leads to later nodes of the same tree, on a feature that there is."""
    import numpy

    nodes = numpy.arange(len(left))
    inner = left != -1
    below = all(numpy.all((nodes < child)[inner] & (child < len(nodes))[inner]) for child in (left, right))
    return bool(below and numpy.all((feature[inner] >= 0) & (feature[inner] < n_features)))
