"""A saved model that the engine holds to predict with: compiled where it is, else by its plugin's own code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pgml import predictors
from pgml.engine.plugin_call import call_plugin, predictions_of
from pgml.engine.saved_types import load_recorded
from pgml.errors import UnknownAlgorithm, shown
from pgml.plugin.registry import Provided
from pgml.predictors.read import format as predictor_format

if TYPE_CHECKING:
    import numpy as np


class HeldModel:
    """A model read back from its bytes: the predictor as it is stored, and the estimator of one that is not compiled.

    ``estimator`` is empty for a compiled model. ``find`` returns its algorithm; a compiled model needs none, and
    outlives its plugin.
    """

    def __init__(self, predictor: bytes, estimator: bytes, find: Callable[[], Provided]):
        import numpy as np

        self._evaluator = predictors.evaluator(predictor)
        self.features = self._evaluator.features
        self.missing = self._evaluator.missing
        self._fitted = None
        if self._evaluator.family == "uncompiled":
            about, tensors = predictor_format.parse(predictor)
            settings = about["settings"]
            self._provided = _found(find, settings["algorithm"], settings.get("plugin"))
            saved = (self._provided.algorithm, bytes(estimator), settings.get("types"))
            self._fitted = call_plugin(self._provided, "reading its model", load_recorded, *saved)
            self._scaling = [np.asarray(tensors[name].items) for name in ("center", "scale") if name in tensors]

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the predictions [rows], numbers or labels, for raw features, float64 [rows, features]."""
        import numpy as np

        if self._fitted is None:
            return np.asarray(self._evaluator.predict_batch(X, len(X)))
        classes = self._evaluator.classes
        predictions = predictions_of(self._provided, self._fitted, self._scaled(X), classes)
        return self._provided.objective.answers(predictions, classes)

    def predict_proba(self, X: np.ndarray) -> np.ndarray | None:
        """Return the probabilities [rows, classes] that the plugin's estimator gives, None where it gives none."""
        asked = (self._provided.objective.probabilities, self._fitted, self._scaled(X), self._evaluator.classes)
        return call_plugin(self._provided, "predicting", *asked)

    def _scaled(self, X: np.ndarray) -> np.ndarray:
        if not self._scaling:
            return X
        center, scale = self._scaling
        return (X - center) / scale


def _found(find: Callable[[], Provided], algorithm: str, plugin: str | None) -> Provided:
    """Return what ``find`` finds; where it is gone, raise UnknownAlgorithm with the plugin that the model came from.

    Of a model that an older version trained the plugin is not known, None.
    """
    try:
        return find()
    except UnknownAlgorithm as gone:
        if plugin is None:
            raise
        raise UnknownAlgorithm(
            f"the model needs {algorithm} of the plugin {shown(plugin)}, which does not provide it here any more",
            hint=f"install {shown(plugin)} where the engine runs (pgml plugins lists what is there, and what cannot be used), "
            "or deploy another model",
            detail=gone.detail,
        ) from gone
