"""A model that was read back: LightGBM's own trees, with the answers that pgml expects of an estimator."""

from __future__ import annotations

import re
from typing import Any

import lightgbm
import numpy as np

from pgml.errors import CorruptPredictor
from pgml.predictors import NotCompilable
from pgml_lightgbm import trees


class BoostedRegression:
    """The trees of a saved model, checked before the library sees them: it would follow any index."""

    def __init__(self, saved: bytes):
        try:
            text = saved.decode()
            model = trees.parse(text)
            trees.compiled(model, self._classes(model))
            # With the sizes of the trees the library reads them in parallel, and aborts the process where one is off.
            self.booster_ = lightgbm.Booster(model_str=re.sub("\ntree_sizes=.*", "", text))
        except (NotCompilable, ValueError, KeyError, lightgbm.basic.LightGBMError) as error:
            raise CorruptPredictor(f"the saved lightgbm model is not sound: {error}") from error
        self.n_features_in_ = model.n_features

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions [rows]."""
        return self.booster_.predict(X)

    def _classes(self, model: trees.Model) -> range | None:
        return None


class BoostedClassification(BoostedRegression):
    """The same for classes."""

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row [rows]."""
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities [rows, classes]."""
        probabilities = self.booster_.predict(X)
        if probabilities.ndim == 1:
            return np.column_stack([1.0 - probabilities, probabilities])
        return probabilities

    def _classes(self, model: trees.Model) -> range:
        self.n_classes_ = max(2, model.n_scores)
        return range(self.n_classes_)
