"""Calling a plugin's code, so that whatever it raises reaches the user as a sentence that names the plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgml.errors import PgmlError, PluginError, TrainingFailed
from pgml.plugin.registry import Provided, ProvidedDataset
from pgml.predictors import NotCompilable
from pgml.wire.note import noted

if TYPE_CHECKING:
    import numpy as np


def call_plugin(
    provided: Provided | ProvidedDataset,
    doing: str,
    function: Callable[..., Any],
    *arguments: Any,
    **named: Any,
) -> Any:
    """Return what the plugin's function returns. ``doing`` completes the sentence "it failed while ...".

    Raises TrainingFailed, for a data set PluginError, for whatever the function raises, except our own errors.
    """
    failure = TrainingFailed if isinstance(provided, Provided) else PluginError
    try:
        with noted(f"{doing}: {provided}"):
            return function(*arguments, **named)
    except (PgmlError, NotCompilable):
        raise
    except BaseException as error:  # the engine lives on, whatever a plugin raises
        if isinstance(error, MemoryError):
            reason = "there is not enough memory"
        else:
            reason = " ".join(str(error).split()) or type(error).__name__
        raise failure(f"{provided} failed while {doing}: {reason}") from error


def predictions_of(
    provided: Provided, fitted: Any, X: np.ndarray, n_classes: int | None, doing: str = "predicting"
) -> np.ndarray:
    """Return the predictions [rows] of a plugin's estimator: float64, or the classes' indices as int64.

    Raises TrainingFailed where they are anything else; ``n_classes`` is None for a regression.
    """
    import numpy as np

    predictions = np.asarray(call_plugin(provided, doing, fitted.predict, X))
    if predictions.shape != (len(X),) or predictions.dtype.kind not in "fiub":
        wrong = f"{predictions.dtype} of shape {predictions.shape} for {len(X)} rows"
    elif not np.isfinite(predictions).all():
        wrong = f"{predictions[~np.isfinite(predictions)][0]:g}"
    elif n_classes is not None and not np.isin(predictions, np.arange(n_classes)).all():
        wrong = f"the class {predictions[~np.isin(predictions, np.arange(n_classes))][0]:g} of {n_classes}"
    else:
        return predictions.astype(np.float64 if n_classes is None else np.int64)
    raise TrainingFailed(
        f"{provided} predicted {wrong}",
        hint="predict returns one number a row: the prediction, or the index of the class",
    )
