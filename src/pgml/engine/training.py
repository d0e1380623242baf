"""One training, in the engine: from a filled matrix to a predictor and its scores."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgml import predictors
from pgml.engine.held_back import HeldBack
from pgml.engine.matrix import Matrix
from pgml.engine.plugin_call import call_plugin, fitted_by, predictions_of
from pgml.engine.saved_types import load_recorded, types_in
from pgml.engine.steadiness import unsteady
from pgml.errors import PgmlError, TrainingFailed, UnusableData
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.pickles import is_pickle
from pgml.plugin.registry import Provided
from pgml.predictors.build.stored import to_store
from pgml.wire.sampling import choose_test_rows

if TYPE_CHECKING:
    import numpy as np

_ROWS_COMPARED = 2_000  # test rows on which a model has to agree with the estimator that it was made of


class Training:
    """A model of one algorithm, fitted on the training rows of a matrix and scored on its test rows."""

    def __init__(self, provided: Provided, hyperparameters: dict[str, Any], matrix: Matrix):
        self.provided = provided
        self.algorithm = provided.algorithm
        self.hyperparameters = hyperparameters
        self.matrix = matrix
        self.objective = provided.objective

    def run(self, test_size: float, sampling: str) -> tuple[dict[str, Any], list[bytes]]:
        """Return what there is to know of the model, and the bytes of predictor, as it is stored, estimator and test rows.

        The estimator is saved only where the model is not compiled, and its bytes are empty where it is.
        """
        import numpy as np

        X_train, y_train, X_test, y_test = self._split(test_size, sampling)
        self.held_back = HeldBack(self.matrix, self.objective, self.test)

        started = time.perf_counter()
        fitted = fitted_by(self.provided, self.algorithm.fit, self.hyperparameters, X_train, y_train)
        fit_time = time.perf_counter() - started
        compiled = self._compile(fitted, X_test)
        started = time.perf_counter()
        if compiled is None:
            predictions = predictions_of(self.provided, fitted, X_test, self.classes)
            score_time = time.perf_counter() - started
            probabilities = self._plugin(
                "predicting probabilities", self.objective.probabilities, fitted, X_test, self.classes
            )
            predictor, saved = self._uncompiled(fitted, X_test, predictions)
        else:  # whose answers count, and take a fraction of the time
            (predictor, evaluator), saved = compiled, b""
            predictions, probabilities = self._served(evaluator)
            score_time = time.perf_counter() - started
        metrics = self.objective.metrics(y_test, predictions, probabilities)
        metrics |= {"fit_time": fit_time, "score_time": score_time}
        about = {
            "features": self.matrix.feature_names,
            "metrics": metrics,
            "served_by": "engine" if compiled is None else "backend",
            "digest": hashlib.sha256(predictor).hexdigest(),
        }
        return about, [to_store(predictor), saved, np.packbits(self.test).tobytes()]

    def again(self, test_size: float, sampling: str) -> tuple[str, bytes]:
        """Return the digest of the compiled model that this training makes, and what its algorithm saves of it.

        scikit-learn's own standardisation goes in front of its estimators where they need it, so that they take
        what the model takes.
        """
        X_train, y_train, _, _ = self._split(test_size, sampling)
        fitted = fitted_by(self.provided, self.algorithm.fit, self.hyperparameters, X_train, y_train)
        try:
            compiled = self._plugin("compiling", self._compiled, fitted)
        except predictors.NotCompilable:
            compiled = None
        if self.scaler is not None and type(self.algorithm).save is Algorithm.save:
            from sklearn.pipeline import make_pipeline

            fitted = make_pipeline(self.scaler, fitted)
        return hashlib.sha256(compiled or b"").hexdigest(), self._plugin("saving the estimator", self._saved, fitted)

    def _split(self, test_size: float, sampling: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return features and target of the training rows and of the test rows, the features as ``fit`` takes them."""
        self.matrix.check(self.algorithm.missing, self.algorithm.name)
        if self.algorithm.positive_target:
            self.matrix.check_positive_target(self.algorithm.name)
        self.y, self.classes = self.objective.read_target(self.matrix.y, self.matrix.target)
        self.test = choose_test_rows(self.matrix.y, test_size, sampling)
        if not self.test.any():
            raise UnusableData(
                f'every label of "{self.matrix.target}" appears in one row only: none can be held back to test on'
            )
        y_train, y_test = self.y[~self.test], self.y[self.test]
        self.objective.check_training_rows(y_train, self.classes, self.matrix.target)
        X_train, X_test = self._scale()
        return X_train, y_train, X_test, y_test

    def _scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the features of the training and the test rows, standardised where the algorithm asks for it."""
        self.center = self.spread = self.scaler = None
        X_train, X_test = self.matrix.X[~self.test], self.matrix.X[self.test]
        if not self.algorithm.scaled:
            return X_train, X_test
        from sklearn.preprocessing import StandardScaler

        self.scaler = StandardScaler().fit(X_train)
        self.center, self.spread = self.scaler.mean_, self.scaler.scale_
        return self.scaler.transform(X_train), self.scaler.transform(X_test)

    def _compile(self, fitted: Any, X_test: np.ndarray) -> tuple[bytes, predictors.Evaluator] | None:
        """Return the compiled model; None where there is none, or it differs from the estimator in the first test rows."""
        import numpy as np

        try:
            predictor = self._plugin("compiling", self._compiled, fitted)
        except predictors.NotCompilable:
            predictor = None
        if predictor is None:
            return None
        expected = predictions_of(self.provided, fitted, X_test[:_ROWS_COMPARED], self.classes)
        X = np.ascontiguousarray(self.matrix.X[self.test][:_ROWS_COMPARED])
        evaluator = predictors.evaluator(predictor)
        served = np.asarray(evaluator.predict_batch(X, len(X)))
        difference = self.objective.difference(served, self.objective.answers(expected, self.classes))
        if difference is None:
            return predictor, evaluator
        warnings.warn(
            f"the compiled model differs from the estimator {difference}, so the engine makes its predictions",
            stacklevel=1,
        )
        return None

    def _served(self, evaluator: predictors.Evaluator) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the predictions of the compiled model for the test rows, as an estimator's, and the classes' probabilities."""
        import numpy as np

        X = np.ascontiguousarray(self.matrix.X[self.test])
        answers = np.asarray(evaluator.predict_batch(X, len(X)))
        if self.classes is None:
            return answers, None
        probabilities = evaluator.predict_proba_batch(X, len(X))
        if probabilities is not None:
            probabilities = np.asarray(probabilities).reshape(len(X), len(self.classes))
        return np.searchsorted(self.classes, answers), probabilities

    def _compiled(self, fitted: Any) -> bytes | None:
        compiled = self.algorithm.compile(fitted)
        if compiled is None:
            return None
        if not isinstance(compiled, predictors.Predictor):
            raise TypeError(f"compile returned {compiled!r}, which is no pgml.predictors.Predictor")
        return self._prepared(compiled)

    def _prepared(self, predictor: predictors.Predictor) -> bytes:
        """Return the bytes of a predictor that knows this training's features, labels and scaling."""
        return predictor.prepared(
            objective=self.objective.name,
            features=self.matrix.feature_names,
            classes=self.classes,
            center=self.center,
            scale=self.spread,
        ).to_bytes()

    def _uncompiled(self, fitted: Any, X_test: np.ndarray, predictions: np.ndarray) -> tuple[bytes, bytes]:
        """Return the predictor of a model that only its plugin can evaluate, and the saved estimator.

        Raises TrainingFailed where what is saved cannot be read back, or predicts something else then, and where a
        row's prediction depends on anything but the row: the model would not have the score that it was given.
        """
        saved = self._plugin("saving the estimator", self._saved, fitted)
        types = self._read_back(fitted, saved, X_test[:_ROWS_COMPARED], predictions[:_ROWS_COMPARED])
        output, scores = self.objective.engine_output(self.classes)
        predictor = predictors.Predictor(
            "uncompiled",
            len(self.matrix.feature_names),
            output,
            {},
            {
                "algorithm": self.algorithm.name,
                "plugin": self.provided.plugin.name,  # so that it can be named once it is gone
                "scores": scores,
                "types": types,
            },
            classes=None if self.classes is None else tuple(range(len(self.classes))),
            missing=self.algorithm.missing,
        )
        return self._prepared(predictor), saved

    def _saved(self, fitted: Any) -> bytes:
        saved = self.algorithm.save(fitted)
        if not isinstance(saved, (bytes, bytearray)):
            raise TypeError(f"save returned {saved!r}, which is no bytes")
        if is_pickle(saved):
            raise ValueError("save returned a pickle, and a model is kept as data, never as code")
        return bytes(saved)

    def _read_back(self, fitted: Any, saved: bytes, X: np.ndarray, expected: np.ndarray) -> list[str]:
        """Return the types that the saved estimator holds, once it has predicted what the fitted one does."""
        doing = "reading back what it saved"
        try:
            types = types_in(saved)
            loaded = self._plugin(doing, load_recorded, self.algorithm, saved, types)
        except TrainingFailed:
            raise
        except PgmlError as error:
            raise TrainingFailed(
                f"{self.provided} failed while {doing}: {error.message}", hint=error.hint
            ) from error
        doing = "predicting with the model that was read back"
        difference = self._unsteady(loaded, X, expected, doing)
        if difference is not None:
            self._require_steady(fitted, X, expected)
        answers = predictions_of(self.provided, loaded, X, self.classes, doing)
        difference = self.objective.difference(answers, expected) or difference
        if difference is not None:
            raise TrainingFailed(
                f"{self.provided} failed while {doing}: it differs from the fitted one {difference}",
                hint="save has to keep all that predict needs, and a prediction must not depend on those before it",
            )
        return types

    def _require_steady(self, fitted: Any, X: np.ndarray, expected: np.ndarray) -> None:
        """Raise TrainingFailed where predictions for some of the rows are not those ``expected``, made for all."""
        doing = "predicting rows alone, and in another order"
        difference = self._unsteady(fitted, X, expected, doing)
        if difference is not None:
            raise TrainingFailed(
                f"{self.provided} failed while {doing}: predictions differ from those for all rows together {difference}",
                hint="what predict returns for a row must depend on nothing but that row",
            )

    def _unsteady(self, fitted: Any, X: np.ndarray, expected: np.ndarray, doing: str) -> str | None:
        def predict(rows: np.ndarray) -> np.ndarray:
            return predictions_of(self.provided, fitted, rows, self.classes, doing)

        return unsteady(self.objective, fitted, predict, X, expected)

    def _plugin(self, doing: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return call_plugin(self.provided, doing, function, *arguments, **named)
