"""One training, in the engine: from a filled matrix to a predictor and its scores."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgml import predictors
from pgml.engine.held import HeldModel
from pgml.engine.metrics import KEY_METRICS, classification_metrics, regression_metrics
from pgml.engine.plugin_call import call_plugin, predictions_of
from pgml.engine.saved_types import load_recorded, types_in
from pgml.errors import PgmlError, TrainingFailed, UnusableData
from pgml.plugin.pickles import is_pickle
from pgml.plugin.registry import Provided
from pgml.wire.features import Matrix
from pgml.wire.sampling import choose_test_rows

if TYPE_CHECKING:
    import numpy as np

_ROWS_COMPARED = 10_000  # test rows on which a model has to agree with the estimator that it was made of


class Training:
    """A model of one algorithm, fitted on the training rows of a matrix and scored on its test rows."""

    def __init__(self, provided: Provided, hyperparameters: dict[str, Any], matrix: Matrix):
        self.provided = provided
        self.algorithm = provided.algorithm
        self.hyperparameters = hyperparameters
        self.matrix = matrix
        self.objective = self.algorithm.objective

    def run(self, test_size: float, sampling: str) -> tuple[dict[str, Any], list[bytes]]:
        """Return what there is to know of the model, and the bytes of predictor, estimator and test rows.

        The estimator is saved only where the model is not compiled, and its bytes are empty where it is.
        """
        import numpy as np

        self.matrix.check(self.algorithm.missing, self.algorithm.name)
        self._find_classes()
        self.test = choose_test_rows(self.matrix.y, test_size, sampling)
        if not self.test.any():
            raise UnusableData(
                f'every label of "{self.matrix.target}" appears in one row only: none can be held back to test on'
            )
        y_train, y_test = self.y[~self.test], self.y[self.test]
        self._check_labels(y_train)
        X_train, X_test = self._scale()

        started = time.perf_counter()
        fitted = self._plugin("fitting", self.algorithm.fit, self.hyperparameters, X_train, y_train)
        fit_time = time.perf_counter() - started
        started = time.perf_counter()
        self.n_classes = None if self.classes is None else len(self.classes)
        predictions = predictions_of(self.provided, fitted, X_test, self.n_classes)
        score_time = time.perf_counter() - started
        metrics = self._score(fitted, X_test, y_test, predictions)
        metrics |= {"fit_time": fit_time, "score_time": score_time}

        compiled = self._compile(fitted, predictions)
        artifacts = self._uncompiled(fitted, X_test, predictions) if compiled is None else (compiled, b"")
        about = {
            "features": self.matrix.feature_names,
            "metrics": metrics,
            "served_by": "engine" if compiled is None else "backend",
        }
        return about, [*artifacts, np.packbits(self.test).tobytes()]

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
        y_true, y_pred = self.matrix.y[self.test], model.predict(X)
        score = regression_metrics if self.objective == "regression" else classification_metrics
        return score(y_true, y_pred)[KEY_METRICS[self.objective][0]]

    def _find_classes(self) -> None:
        """Set the labels, and the target as the estimator takes it."""
        import numpy as np

        self.classes = None
        self.y = self.matrix.y
        if self.objective != "classification":
            return
        fractions = self.y[self.y != np.floor(self.y)]
        if len(fractions):
            raise UnusableData(
                f'"{self.matrix.target}" holds {fractions[0]:g}; the labels of a classification are whole numbers',
                hint="for a target that is measured, not one of a few labels, use the objective regression",
            )
        self.classes, self.y = np.unique(self.y, return_inverse=True)
        if len(self.classes) < 2:
            raise UnusableData(
                f'"{self.matrix.target}" is {self.classes[0]:g} in every row; a classification needs two labels or more'
            )

    def _check_labels(self, y_train: np.ndarray) -> None:
        """Raise UnusableData where a label appears in test rows only."""
        import numpy as np

        if self.classes is None:
            return
        unseen = np.setdiff1d(np.arange(len(self.classes)), y_train)
        if len(unseen):
            raise UnusableData(
                f'the label {self.classes[unseen[0]]:g} of "{self.matrix.target}" appears only in rows that are '
                "held back to test on, so there is nothing to learn it from",
                hint="the test_sampling stratified leaves some rows of each label to train on",
            )

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

    def _score(
        self, fitted: Any, X_test: np.ndarray, y_test: np.ndarray, predictions: np.ndarray
    ) -> dict[str, float | None]:
        if self.objective == "regression":
            return regression_metrics(y_test, predictions)
        probabilities = None
        if hasattr(fitted, "predict_proba"):
            probabilities = self._plugin("predicting probabilities", self._probabilities, fitted, X_test)
        return classification_metrics(y_test, predictions, probabilities)

    def _probabilities(self, fitted: Any, X_test: np.ndarray) -> np.ndarray:
        import numpy as np

        probabilities = np.asarray(fitted.predict_proba(X_test))
        if probabilities.shape != (len(X_test), len(self.classes)) or not np.isfinite(probabilities).all():
            raise ValueError(
                f"predict_proba returned numbers of shape {probabilities.shape}, all finite numbers "
                f"of shape {(len(X_test), len(self.classes))} are needed"
            )
        return probabilities

    def _compile(self, fitted: Any, predictions: np.ndarray) -> bytes | None:
        """Return the bytes of the compiled model; None where there is none, or it errs."""
        import numpy as np

        try:
            predictor = self._plugin("compiling", self._compiled, fitted)
        except predictors.NotCompilable:
            predictor = None
        if predictor is None:
            return None
        X = np.ascontiguousarray(self.matrix.X[self.test][:_ROWS_COMPARED])
        expected = predictions[:_ROWS_COMPARED]
        if self.classes is not None:
            expected = self.classes[expected]
        served = np.asarray(predictors.evaluator(predictor).predict_batch(X, len(X)))
        difference = self._difference(served, expected)
        if difference is None:
            return predictor
        warnings.warn(
            f"the compiled model differs from the estimator {difference}, so the engine makes its predictions",
            stacklevel=1,
        )
        return None

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
            features=self.matrix.feature_names, classes=self.classes, center=self.center, scale=self.spread
        ).to_bytes()

    def _uncompiled(self, fitted: Any, X_test: np.ndarray, predictions: np.ndarray) -> tuple[bytes, bytes]:
        """Return the predictor of a model that only its plugin can evaluate, and the saved estimator.

        Raises TrainingFailed where what is saved cannot be read back, or predicts something else then.
        """
        saved = self._plugin("saving the estimator", self._saved, fitted)
        types = self._read_back(saved, X_test[:_ROWS_COMPARED], predictions[:_ROWS_COMPARED])
        count = self.n_classes or 0
        predictor = predictors.Predictor(
            "uncompiled",
            len(self.matrix.feature_names),
            "label" if count else "value",
            {},
            {"algorithm": self.algorithm.name, "scores": count if count > 2 else 1, "types": types},
            classes=tuple(range(count)) or None,
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

    def _read_back(self, saved: bytes, X: np.ndarray, expected: np.ndarray) -> list[str]:
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
        answers = predictions_of(self.provided, loaded, X, self.n_classes, doing)
        difference = self._difference(answers, expected)
        if difference is not None:
            raise TrainingFailed(
                f"{self.provided} failed while {doing}: it differs from the fitted one {difference}",
                hint="save has to keep all that predict needs",
            )
        return types

    def _difference(self, answers: np.ndarray, expected: np.ndarray) -> str | None:
        """Say how answers [rows] differ from those expected; None where they are the same."""
        import numpy as np

        if self.classes is not None:
            differing = np.count_nonzero(answers != expected)
            return f"in {differing} of {len(expected)} rows" if differing else None
        if np.allclose(answers, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max(), equal_nan=True):
            return None
        return f"by up to {np.abs(answers - expected).max():g}"

    def _plugin(self, doing: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return call_plugin(self.provided, doing, function, *arguments, **named)
