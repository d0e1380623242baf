"""A model that no family can hold, predicted with in the engine, as a backend sees it."""

from __future__ import annotations

from array import array
from collections.abc import Generator
from typing import Any

from pgml.backend import process
from pgml.backend.shared_engine import SharedEngine
from pgml.errors import EngineDied
from pgml.predictors.read.format import parse

# Steps that yield what is needed to go on, take it where it is more than time, and return a prediction.
_Steps = Generator[str, bytes | None, float]


def _ignore(warning: str) -> None:
    """A library's warning at every row would drown the client; trainings pass them on."""


_engine = SharedEngine(warn=_ignore)
_question: tuple[object, _Steps] | None = None  # what the engine is at work on: of which statement, model and row


class RemoteModel:
    """Predictions of one model, made in steps so that a statement can be cancelled between them."""

    family = "uncompiled"

    def __init__(self, digest: str, predictor: Any, evaluator: Any):
        about, _ = parse(predictor)
        self._model = {
            "digest": digest,
            "algorithm": about["settings"]["algorithm"],
            "objective": about["objective"],
        }
        self._predictor = predictor
        self._evaluator = evaluator

    def predict(self, features: list[float | None]) -> None:
        """Return None: every row is predicted with :meth:`step`."""

    def step(self, features: list[Any], estimator: bytes | None) -> tuple[float | None, str | None]:
        """Return the prediction, or what is needed to go on: 'estimator' (its saved bytes) or 'time'."""
        global _question
        row = array("d", self._evaluator.clean(features)).tobytes()
        asking = (process.statement(), self._model["digest"], row)
        if _question is not None and _question[0] != asking:
            _engine.stop()  # a statement was cancelled while the engine worked for it
            _question = None
        if _question is None:
            _question = (asking, self._predict(row))
        try:
            return None, _question[1].send(estimator)
        except BaseException as ended:
            _question = None
            if isinstance(ended, StopIteration):
                return ended.value, None
            raise

    def _predict(self, row: bytes) -> _Steps:
        try:
            return (yield from self._ask(row))
        except EngineDied:  # perhaps of another's question, or ended by another whom this query's end has reached
            yield "time"
            return (yield from self._ask(row))

    def _ask(self, row: bytes) -> _Steps:
        predictions, _ = yield from _engine.asking("predict", (row,), **self._model)
        if predictions is None:
            estimator = None
            while estimator is None:
                estimator = yield "estimator"
            saved = (row, self._predictor, estimator)
            predictions, _ = yield from _engine.asking("predict", saved, **self._model)
        return predictions[0]
