"""Calling a plugin's code, so that whatever it raises reaches the user as a sentence that names the plugin."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pgml.errors import PgmlError, PluginError, TrainingFailed
from pgml.plugin.registry import Provided, ProvidedDataset
from pgml.predictors import NotCompilable
from pgml.wire.note import noted

if TYPE_CHECKING:
    import numpy as np

_FRAMES_LOGGED = 20  # the last ones
_LOGGED = 10_000  # characters


def call_plugin(
    provided: Provided | ProvidedDataset,
    doing: str,
    function: Callable[..., Any],
    *arguments: Any,
    **named: Any,
) -> Any:
    """Return what the plugin's function returns. ``doing`` completes the sentence "it failed while ...".

    Raises TrainingFailed, for a data set PluginError, for whatever the function raises, except our own errors. Where
    it was raised, type, file and line, is for the plugin's author: it is written to the server's log.
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
        log(f"{provided} failed while {doing}", error)
        raise failure(f"{provided} failed while {doing}: {reason}") from error


def fitted_by(provided: Provided, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return the estimator that the plugin's ``fit`` returns; raise TrainingFailed where it is none."""
    fitted = call_plugin(provided, "fitting", function, *arguments)
    if not callable(getattr(fitted, "predict", None)):
        what = "None" if fitted is None else f"an object of type {type(fitted).__name__}, which has no predict"
        raise TrainingFailed(
            f"{provided} failed while fitting: fit returned {what}",
            hint="the plugin's fit has to return the fitted estimator, as `return self` does",
        )
    return fitted


def log(what: str, error: BaseException) -> None:
    """Write an exception and where it was raised to this process's stderr, which is the server's log."""
    frames = traceback.format_exception(type(error), error, error.__traceback__, limit=-_FRAMES_LOGGED)
    text = "".join(frames).rstrip()
    if len(text) > _LOGGED:
        text = f"{text[: _LOGGED // 2]}\n...\n{text[-_LOGGED // 2 :]}"
    print(f"pgml: {what}\n{text}", file=sys.stderr, flush=True)


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
