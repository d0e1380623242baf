"""A model that no family can hold, predicted with in the engine, as a backend sees it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from pgml.backend.questions import CAREFUL, no_probabilities, rows_of
from pgml.backend.shared_engine import SharedEngine
from pgml.errors import EngineDied
from pgml.predictors.read.format import parse

# Steps that yield what is needed to go on, take it where it is more than time, and return an answer a row.
_Steps = Generator[str, bytes | None, list]


def _ignore(warning: str) -> None:
    """A library's warning at every row would drown the client; trainings pass them on."""


_engine = SharedEngine(warn=_ignore)
_question: tuple[Any, _Steps] | None = None  # what the engine is at work on, and how far that is


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

        self.classes = evaluator.classes

    def predict(self, features: list[float | None]) -> None:
        """Return None, as ``predict_proba``: every row is predicted with :meth:`step`."""

    predict_proba = predict

    def step(self, asked: Any, estimator: bytes | None) -> tuple[float | list[float] | None, str | None]:
        """Return the answer to what was asked, or what is needed to go on: 'estimator' (its saved bytes) or 'time'."""
        global _question
        if asked.what in ("classes", "predict_batch"):  # what is known here
            return CAREFUL[asked.what](self._evaluator, asked.features), None
        if _question is not None and _question[0] is not asked:
            _engine.stop()  # a statement was cancelled while the engine worked for it
            _question = None
        if _question is None:
            rows = rows_of(asked.what, self._evaluator, asked.features)
            _question = (asked, self._predict(rows.tobytes(), asked.what == "predict_proba"))
        try:
            return None, _question[1].send(estimator)
        except BaseException as ended:
            _question = None
            if isinstance(ended, StopIteration):
                return ended.value if asked.what == "predict_rows" else ended.value[0], None
            raise

    def _predict(self, rows: bytes, probabilities: bool) -> _Steps:
        try:
            return (yield from self._ask(rows, probabilities))
        except EngineDied:  # perhaps of another's question, or ended by another whom this query's end has reached
            yield "time"
            return (yield from self._ask(rows, probabilities))

    def _ask(self, rows: bytes, probabilities: bool) -> _Steps:
        about = {**self._model, "probabilities": probabilities}
        held, _ = yield from _engine.asking("predict", (rows,), **about)
        if held is None:
            estimator = None
            while estimator is None:
                estimator = yield "estimator"
            held, _ = yield from _engine.asking("predict", (rows, self._predictor, estimator), **about)
        if held["answers"] is None:
            raise no_probabilities()
        return held["answers"]
