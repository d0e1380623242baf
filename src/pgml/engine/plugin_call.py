"""Calling a plugin's code, so that whatever it raises reaches the user as a sentence that names the plugin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    provided: Provided, fitted: Any, X: np.ndarray, classes: Sequence[float] | None, doing: str = "predicting"
) -> np.ndarray:
    """Return the predictions [rows] of a plugin's estimator, as its objective wants them.

    Raises TrainingFailed where they are anything else.
    """
    objective = provided.objective
    predicted = call_plugin(provided, doing, fitted.predict, X)
    try:
        return objective.predictions(predicted, len(X), classes)
    except ValueError as wrong:
        raise TrainingFailed(
            f"{provided} predicted {wrong}", hint=f"predict returns {objective.prediction}"
        ) from None
