"""One training, in the engine: from a filled matrix to a predictor, an estimator and scores."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgml import predictors
from pgml.engine.held import HeldModel
from pgml.engine.plugin_call import call_plugin, predictions_of
from pgml.errors import UnusableData
from pgml.plugin.registry import Provided
from pgml.wire.features import Matrix
from pgml.wire.sampling import choose_test_rows

if TYPE_CHECKING:
    import numpy as np

_ROWS_COMPARED = 10_000  # test rows on which a compiled model has to agree with its estimator


class Training:
    """A model of one algorithm, fitted on the training rows of a matrix and scored on its test rows."""

    def __init__(self, provided: Provided, hyperparameters: dict[str, Any], matrix: Matrix):
        self.provided = provided
        self.algorithm = provided.algorithm
        self.hyperparameters = hyperparameters
        self.matrix = matrix
        self.objective = provided.objective

    def run(self, test_size: float, sampling: str) -> tuple[dict[str, Any], list[bytes]]:
        """Return what there is to know of the model, and the bytes of predictor, estimator and test rows."""
        import numpy as np

        self.matrix.check(self.algorithm.missing, self.algorithm.name)
        self.y, self.classes = self.objective.read_target(self.matrix.y, self.matrix.target)
        self.test = choose_test_rows(self.matrix.y, test_size, sampling)
        if not self.test.any():
            raise UnusableData(
                f'every label of "{self.matrix.target}" appears in one row only: none can be held back to test on'
            )
        y_train, y_test = self.y[~self.test], self.y[self.test]
        self.objective.check_training_rows(y_train, self.classes, self.matrix.target)
        X_train, X_test = self._scale()

        started = time.perf_counter()
        fitted = self._plugin("fitting", self.algorithm.fit, self.hyperparameters, X_train, y_train)
        fit_time = time.perf_counter() - started
        started = time.perf_counter()
        predictions = predictions_of(self.provided, fitted, X_test, self.classes)
        score_time = time.perf_counter() - started
        probabilities = self._plugin(
            "predicting probabilities", self.objective.probabilities, fitted, X_test, self.classes
        )
        metrics = self.objective.metrics(y_test, predictions, probabilities)
        metrics |= {"fit_time": fit_time, "score_time": score_time}

        predictor = self._compile(fitted, predictions)
        saved = self._plugin("saving the estimator", self._saved, fitted)
        about = {
            "features": self.matrix.feature_names,
            "metrics": metrics,
            "served_by": "engine" if predictor.family == "engine" else "backend",
        }
        return about, [predictor.to_bytes(), saved, np.packbits(self.test).tobytes()]

    def score_other(self, predictor: bytes, estimator: bytes, find: Callable[[], Provided]) -> float | None:
        """Return the key metric of another model on this training's test rows, None where it cannot read them.

        Features are matched by name: a model reads the rows if they have all of its features.
        """
        import numpy as np

        model = HeldModel(predictor, estimator, find)
        places = {name: place for place, name in enumerate(self.matrix.feature_names)}
        if not all(name in places for name in model.features):
            return None
        X = np.ascontiguousarray(self.matrix.X[self.test][:, [places[name] for name in model.features]])
        if not model.missing and np.isnan(X).any():
            return None
        metrics = self.objective.metrics(self.matrix.y[self.test], model.predict(X))
        return metrics[self.objective.key_metric]

    def _scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the features of the training and the test rows, standardised where the algorithm asks for it."""
        self.center = self.spread = None
        X_train, X_test = self.matrix.X[~self.test], self.matrix.X[self.test]
        if not self.algorithm.scaled:
            return X_train, X_test
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(X_train)
        self.center, self.spread = scaler.mean_, scaler.scale_
        return scaler.transform(X_train), scaler.transform(X_test)

    def _compile(self, fitted: Any, predictions: np.ndarray) -> predictors.Predictor:
        """Return the compiled model, or, where there is none or it errs, one that leaves the work to the engine."""
        import numpy as np

        knowledge = {
            "objective": self.objective.name,
            "features": self.matrix.feature_names,
            "classes": self.classes,
            "center": self.center,
            "scale": self.spread,
        }
        try:
            predictor = self._plugin("compiling", self._compiled, fitted, knowledge)
        except predictors.NotCompilable:
            predictor = None
        if predictor is not None:
            X = np.ascontiguousarray(self.matrix.X[self.test][:_ROWS_COMPARED])
            expected = self.objective.answers(predictions[:_ROWS_COMPARED], self.classes)
            served = np.asarray(predictors.load(predictor.to_bytes()).predict_batch(X, len(X)))
            difference = self.objective.difference(served, expected)
            if difference is None:
                return predictor
            warnings.warn(
                f"the compiled model differs from the estimator {difference}, so the engine makes its predictions",
                stacklevel=1,
            )
        return self._left_to_the_engine().prepared(**knowledge)

    def _compiled(self, fitted: Any, knowledge: dict[str, Any]) -> predictors.Predictor | None:
        compiled = self.algorithm.compile(fitted)
        if compiled is None:
            return None
        if not isinstance(compiled, predictors.Predictor):
            raise TypeError(f"compile returned {compiled!r}, which is no pgml.predictors.Predictor")
        return compiled.prepared(**knowledge)

    def _saved(self, fitted: Any) -> bytes:
        saved = self.algorithm.save(fitted)
        if not isinstance(saved, (bytes, bytearray)):
            raise TypeError(f"save returned {saved!r}, which is no bytes")
        return bytes(saved)

    def _left_to_the_engine(self) -> predictors.Predictor:
        """Return the predictor of a model that only its plugin can evaluate."""
        output, scores = self.objective.engine_output(self.classes)
        return predictors.Predictor(
            "engine",
            len(self.matrix.feature_names),
            output,
            {},
            {"algorithm": self.algorithm.name, "scores": scores},
            classes=None if self.classes is None else tuple(range(len(self.classes))),
            missing=self.algorithm.missing,
        )

    def _plugin(self, doing: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return call_plugin(self.provided, doing, function, *arguments, **named)
