"""CatBoost's estimators with the answers that pgml expects, to and from JSON."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import catboost
import numpy as np

from pgml.errors import CorruptPredictor
from pgml.predictors import NotCompilable
from pgml_catboost.trees import LARGEST, compiled

# Keeps the library quiet, out of the file system, and content with a target that is the same in all rows.
_ALWAYS = {"logging_level": "Silent", "allow_writing_files": False, "allow_const_label": True}


class BoostedRegression:
    """A ``CatBoostRegressor``, the attribute ``library``."""

    _library = catboost.CatBoostRegressor

    def __init__(self, **parameters: Any):
        self.library = self._library(**_ALWAYS, **parameters)

    @classmethod
    def from_json(cls, text: bytes) -> BoostedRegression:
        """Return the model of that JSON; raise CorruptPredictor where it is not sound."""
        boosted = cls()
        try:
            compiled(json.loads(text))  # checks the indices that the library would follow
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "model.json"
                file.write_bytes(text)
                boosted.library.load_model(str(file), format="json")
        except (
            catboost.CatBoostError,
            NotCompilable,
            ValueError,
            KeyError,
            TypeError,
            IndexError,
        ) as error:
            raise CorruptPredictor(f"the saved catboost model is not sound: {error}") from error
        return boosted

    def fit(self, X: Any, y: Any, held_out: tuple[Any, Any] | None = None) -> BoostedRegression:
        """Fit the model; with rows ``held_out`` (X, y), boosting may stop early on them."""
        if held_out is not None:
            held_out = (_within_bounds(held_out[0]), held_out[1])
        self.library.fit(_within_bounds(X), y, eval_set=held_out)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions, or the classes, [rows]."""
        return np.ravel(self.library.predict(_within_bounds(X)))

    @functools.cached_property
    def described(self) -> dict[str, Any]:
        """The fitted model as CatBoost's JSON tells it, without what has no part in predictions."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.json"
            self.library.save_model(str(file), format="json")
            model = json.loads(file.read_bytes())
        # When it was trained, and a random name: the same training must give the same bytes.
        for name in ("model_guid", "train_finish_time"):
            model["model_info"].pop(name, None)
        return model


class BoostedClassification(BoostedRegression):
    """A ``CatBoostClassifier``, the attribute ``library``."""

    _library = catboost.CatBoostClassifier

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities [rows, classes]."""
        return self.library.predict_proba(_within_bounds(X))


def _within_bounds(X: Any) -> np.ndarray:
    return np.clip(X, -LARGEST, LARGEST)
