"""Predictions in the backend: the models of this session, and which one answers during the statement.

Nothing here may call SQL: it runs in parallel workers and in leaders of parallel plans, where PL/Python must
not. What has to be looked up arrives as an argument.
"""

from __future__ import annotations

from collections import OrderedDict

from pgml import predictors
from pgml.backend.model_files import read, write
from pgml.errors import PgmlError

_MODELS_KEPT = 64  # in a session; the one that was not looked up for the longest time goes first

# Project → (stamp of the statement that looked its model up, that model's evaluator, its predict).
_answering: dict[str, tuple[float | None, object, object]] = {}
_evaluators: OrderedDict[str, object] = OrderedDict()  # by digest
_distrusted: float | None = None  # stamp of a statement during which deployments changed


def predict(project_name: str, features: list[float | None], stamp: float) -> float | None:
    """Return the prediction, or None where the model must be looked up or the row needs a closer look.

    ``stamp`` tells one statement from the next: the model that was looked up answers until it changes.
    """
    answering = _answering.get(project_name)
    if answering is None or answering[0] != stamp:
        return None
    return answering[2](features)


def load(project_name: str, stamp: float, digest: str, predictor: bytes | None) -> tuple[bool, str | None]:
    """Make the model of that digest answer for the project during this statement; return (loaded, error as JSON).

    It is not loaded where its bytes are neither in this session nor in a file and were not given, or are not sound.
    """
    evaluator = _evaluators.get(digest)
    if evaluator is None:
        try:
            buffer = read(digest) if predictor is None else write(digest, predictor)
            if buffer is None:
                return False, None
            evaluator = _evaluator(digest, buffer)
        except PgmlError as error:
            return False, _described(project_name, error)
        _evaluators[digest] = evaluator
        if len(_evaluators) > _MODELS_KEPT:
            _forget(_evaluators.popitem(last=False)[1])
    _evaluators.move_to_end(digest)
    trusted = stamp if stamp != _distrusted else None
    _answering[project_name] = (trusted, evaluator, evaluator.predict)
    return True, None


def distrust(stamp: float) -> None:
    """Have every further prediction of this statement look its model up: deployments have just changed."""
    global _distrusted
    _distrusted = stamp
    _answering.clear()


def predict_carefully(
    project_name: str, features: list[object], estimator: bytes | None
) -> tuple[float | None, str | None, str | None]:
    """Return (prediction, what is needed first, error as JSON) from the model that was loaded last."""
    evaluator = _answering[project_name][1]
    try:
        if evaluator.family == "uncompiled":
            return (*evaluator.step(features, estimator), None)
        return evaluator.predict_carefully(features), None, None
    except PgmlError as error:
        return None, None, _described(project_name, error)


def _forget(evaluator: object) -> None:
    """Let go of a model that has left the kept ones."""
    for project_name in [name for name, answering in _answering.items() if answering[1] is evaluator]:
        del _answering[project_name]


def _described(project_name: str, error: PgmlError) -> str:
    import json

    return json.dumps(
        {
            "sqlstate": error.sqlstate,
            "message": f'project "{project_name}": {error.message}',
            "hint": error.hint,
            "detail": error.detail,
        }
    )


def _evaluator(digest: str, buffer: object) -> object:
    evaluator = predictors.evaluator(buffer)
    if evaluator.family == "uncompiled":
        from pgml.backend.uncompiled import RemoteModel

        return RemoteModel(digest, buffer, evaluator)
    return evaluator
