"""Predictions in the backend: the models of this session, and which one answers during the statement.

Nothing here may call SQL: it runs in parallel workers and in leaders of parallel plans, where PL/Python must
not. What has to be looked up arrives as an argument.
"""

from __future__ import annotations

from collections import OrderedDict, namedtuple

from pgml import predictors
from pgml.backend import process
from pgml.backend.model_files import read, write
from pgml.errors import InvalidArgument, PgmlError

_MODELS_KEPT = 64  # in a session; the one that was not looked up for the longest time goes first

# A prediction that waits for its model to be looked up. (typing.NamedTuple would cost each backend its import.)
_Asked = namedtuple("_Asked", ("project_name", "features", "role", "statement"))

# (project, role) → (the statement that looked its model up for the role, that model's evaluator, its predict).
_answering: dict[tuple[str, int], tuple[int | None, object, object]] = {}
_evaluators: OrderedDict[str, object] = OrderedDict()  # by digest
_distrusted: int | None = None  # a statement during which deployments or rights changed
_waiting: _Asked | None = None  # until it is handed out
_asked: _Asked  # the one that was handed out last


def predict(project_name: str | None, features: list[object] | None) -> float | None:
    """Return the prediction, or None where the model must be looked up or the row needs a closer look."""
    global _waiting
    role, now = process.user(), process.statement()
    answering = _answering.get((project_name, role))
    if answering is not None and answering[0] == now and features is not None:
        prediction = answering[2](features)
        if prediction is not None:
            return prediction
    _waiting = _Asked(project_name, features, role, now)
    return None


def asked() -> tuple[str | None, int | None, str | None]:
    """Return (project, role that asked, error as JSON) of the prediction that waits, once; nothing where none does.

    None waits while PostgreSQL plans: it then evaluates what has no arguments, for a better guess of row counts.
    """
    global _waiting, _asked
    waiting, _waiting = _waiting, None
    if waiting is None or waiting.statement != process.statement():
        return None, None, None
    for name in ("project_name", "features"):
        if getattr(waiting, name) is None:
            return None, None, _described(InvalidArgument(f"pgml.predict: {name} must not be NULL"))
    _asked = waiting
    return waiting.project_name, waiting.role, None


def answer_with(digest: str, predictor: bytes | None) -> tuple[bool, str | None]:
    """Make the model of that digest answer what was asked, during this statement; return (done, error as JSON).

    It is not done where its bytes are neither in this session nor in a file and were not given, or are not sound.
    """
    evaluator = _evaluators.get(digest)
    if evaluator is None:
        try:
            buffer = read(digest) if predictor is None else write(digest, predictor)
            if buffer is None:
                return False, None
            evaluator = _evaluator(digest, buffer)
        except PgmlError as error:
            return False, _described(error, _asked.project_name)
        _evaluators[digest] = evaluator
        if len(_evaluators) > _MODELS_KEPT:
            _forget(_evaluators.popitem(last=False)[1])
    _evaluators.move_to_end(digest)
    trusted = _asked.statement if _asked.statement != _distrusted else None
    _answering[_asked.project_name, _asked.role] = (trusted, evaluator, evaluator.predict)
    return True, None


def predict_carefully(estimator: bytes | None) -> tuple[float | None, str | None, str | None]:
    """Return (prediction, what is needed first, error as JSON) for what was asked."""
    evaluator = _answering[_asked.project_name, _asked.role][1]
    needs = None
    try:
        if evaluator.family == "uncompiled":
            prediction, needs = evaluator.step(_asked.features, estimator)
            return prediction, needs, None
        return evaluator.predict_carefully(_asked.features), None, None
    except PgmlError as error:
        return None, None, _described(error, _asked.project_name)
    finally:
        if needs is None:
            _asked.features.clear()  # there may be millions


def distrust(table: int | None = None) -> None:
    """Have every further prediction of this statement look its model up: deployments or rights have just changed.

    ``table`` is the OID of the table that changed, where PostgreSQL does not tell other sessions by itself: they are
    told when the transaction commits.
    """
    global _distrusted
    _distrusted = process.statement()
    _answering.clear()
    if table is not None:
        from pgml.backend.control import invalidate

        invalidate(table)


def _forget(evaluator: object) -> None:
    """Let go of a model that has left the kept ones."""
    for key in [key for key, answering in _answering.items() if answering[1] is evaluator]:
        del _answering[key]


def _described(error: PgmlError, project_name: str | None = None) -> str:
    import json

    said = error.message if project_name is None else f'project "{project_name}": {error.message}'
    return json.dumps(
        {"sqlstate": error.sqlstate, "message": said, "hint": error.hint, "detail": error.detail}
    )


def _evaluator(digest: str, buffer: object) -> object:
    evaluator = predictors.evaluator(buffer)
    if evaluator.family == "uncompiled":
        from pgml.backend.uncompiled import RemoteModel

        return RemoteModel(digest, buffer, evaluator)
    return evaluator
