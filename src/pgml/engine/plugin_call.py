"""Calling a plugin's code, so that whatever it raises reaches the user as a sentence that names the plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgml.errors import PgmlError, TrainingFailed
from pgml.predictors import NotCompilable
from pgml.registry import Provided


def call_plugin(
    provided: Provided, doing: str, function: Callable[..., Any], *arguments: Any, **named: Any
) -> Any:
    """Return what the plugin's function returns; raise TrainingFailed for what it raises, except our own errors."""
    try:
        return function(*arguments, **named)
    except (PgmlError, NotCompilable):
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, MemoryError):
            reason = "there is not enough memory"
        else:
            reason = " ".join(str(error).split()) or type(error).__name__
        raise TrainingFailed(
            f"{provided.algorithm.name} (plugin {provided.plugin.name}) failed while {doing}: {reason}"
        ) from error
