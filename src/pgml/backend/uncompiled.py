"""A model that no family can hold, predicted with in the engine, as a backend sees it."""

from __future__ import annotations

from array import array
from typing import Any

from pgml.backend.engine import Engine
from pgml.predictors.read.format import parse

_PATIENCE = 0.05  # seconds to wait for an answer before PostgreSQL is asked whether to go on


def _ignore(warning: str) -> None:
    """A library's warning at every row would drown the client; trainings pass them on."""


# The engine of this session's predictions. It never waits through SQL, unlike the one that trains.
_engine = Engine(wait=None, warn=_ignore)
_asked: tuple[str, bytes] | None = None  # the digest of the model and the row that the engine is at work on


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
        global _asked
        row = array("d", self._evaluator.clean(features)).tobytes()
        asking = (self._model["digest"], row)
        if _asked is not None and (_asked != asking or not _engine.running):
            _engine.stop()  # a statement was cancelled while the engine worked for it
            _asked = None
        if _asked is None:
            attachments = (row,) if estimator is None else (row, self._predictor, estimator)
            _engine.tell("predict", attachments, **self._model)
            _asked = asking
        _engine.expect(soon=True)
        if not _engine.answered(_PATIENCE):
            return None, "time"
        _asked = None
        _engine.expect(soon=False)
        predictions, _ = _engine.answer()
        return (None, "estimator") if predictions is None else (predictions[0], None)
