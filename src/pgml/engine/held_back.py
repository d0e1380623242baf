"""The rows of a snapshot that are held back to score models on: the one that was just trained, and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pgml.engine.held import HeldModel
from pgml.engine.matrix import Matrix
from pgml.plugin.objective import Objective
from pgml.plugin.registry import Provided

if TYPE_CHECKING:
    import numpy as np


class HeldBack:
    """The rows of a matrix for which ``test``, a mask [rows], is true."""

    def __init__(self, matrix: Matrix, objective: Objective, test: np.ndarray):
        self._matrix = matrix
        self._objective = objective
        self._test = test

    def score(self, predictor: bytes, estimator: bytes, find: Callable[[], Provided]) -> float | None:
        """Return the key metric of a model on these rows, None where it cannot read them.

        Features are matched by name: a model reads the rows if they have all of its features.
        """
        import numpy as np

        model = HeldModel(predictor, estimator, find)
        places = {name: place for place, name in enumerate(self._matrix.feature_names)}
        if not all(name in places for name in model.features):
            return None
        X = np.ascontiguousarray(self._matrix.X[self._test][:, [places[name] for name in model.features]])
        if not model.missing and np.isnan(X).any():
            return None
        metrics = self._objective.metrics(self._matrix.y[self._test], model.predict(X))
        return metrics[self._objective.key_metric]
