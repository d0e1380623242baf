"""Rules on what can be set: all of it is declared or left out, changes something, and leads to a model that compiles."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from pgml.plugin.algorithm import Algorithm
from pgml.plugin.checks.comparison import require, require_compiled_agrees
from pgml.plugin.checks.effects import ignored
from pgml.plugin.checks.reading_back import fitted_as_searched
from pgml.plugin.checks.rule import rule
from pgml.plugin.checks.tables import table

_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@rule
def declares_every_parameter(algorithm: Algorithm) -> None:
    """What the estimator can be given is a hyperparameter, or is left out with a reason."""
    known = {each.name for each in algorithm.hyperparameters} | set(algorithm.left_out)
    forgotten = sorted(parameters(algorithm.estimator(**algorithm.check({}))) - known)
    require(algorithm, not forgotten, "must declare each parameter of its estimator, or leave it out", forgotten)
    for name, reason in algorithm.left_out.items():
        require(algorithm, bool(reason.strip()), f"must give a reason why {name} is left out", reason)


@rule
def uses_every_hyperparameter(algorithm: Algorithm) -> None:
    """Each hyperparameter leads to another model for some value, or says why it does not."""
    without = ignored(algorithm)
    rule = "must train other models for other values of its hyperparameters, or say in without_effect why not"
    require(algorithm, not without, rule, f"the same model whatever {', '.join(without)}")


@rule
def compiles_with_other_settings(algorithm: Algorithm) -> None:
    """With the values of ``search``, too, the compiled predictor gives the estimator's own answers."""
    X, _ = table(algorithm, "plain")
    for settings, fitted in searched(algorithm):
        try:
            require_compiled_agrees(algorithm, fitted, np.vstack([X, X[:20] * 3 + 1]), settings)
        except AssertionError:
            raise
        except Exception as error:
            rule = f"must compile {settings}, return None or raise NotCompilable"
            raise AssertionError(f"{algorithm!r}: {rule}, got {error!r}") from error


@functools.lru_cache(maxsize=2)
def searched(algorithm: Algorithm) -> list[tuple[str, Any]]:
    """Return estimators fitted to the plain table with the values of ``search``, each with its settings in words."""
    return list(fitted_as_searched(algorithm, *table(algorithm, "plain")))


def parameters(estimator: Any) -> set[str]:
    """Return the names of what an estimator can be given; none where it takes anything, or says nothing of it."""
    if callable(getattr(estimator, "get_params", None)):
        return set(estimator.get_params(deep=False))
    kind = type(estimator)
    if kind.__init__ is object.__init__:
        return set()
    try:
        taken = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):  # written in C
        return set()
    return {each.name for each in taken if each.kind not in _ANY}
