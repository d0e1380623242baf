"""Compiled models: what an algorithm's ``compile`` returns, and what a Postgres backend evaluates.

``build`` (numpy, in the engine) is one module a family, ``linear``, ``forest``, ``oblivious``, ``kernel`` and
``dense``, each with a function ``predictor(...)``; ``convert`` turns fitted estimators into predictors. ``read`` is behind
``evaluator`` and needs the standard library only; what it takes apart is evaluated by the C module (``c``) or by
``reference``, its definition in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgml.predictors.read.evaluator import Evaluator, compiled, evaluator, outlive_changes

__all__ = ["Evaluator", "NotCompilable", "Predictor", "compiled", "evaluator", "outlive_changes"]

if TYPE_CHECKING:
    from pgml.predictors.build.predictor import NotCompilable, Predictor
else:

    def __getattr__(name: str) -> object:
        if name in ("NotCompilable", "Predictor"):  # imported on demand: they need numpy, which no backend loads
            from importlib import import_module

            return getattr(import_module("pgml.predictors.build.predictor"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
