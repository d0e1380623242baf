"""Predictions in the backend: the models of this session, and which one answers during the statement.

Nothing here may call SQL: it runs in parallel workers and in leaders of parallel plans, where PL/Python must
not. What has to be looked up arrives as an argument.
"""

from __future__ import annotations

from collections import OrderedDict, namedtuple

from pgml import predictors
from pgml.backend import process
from pgml.backend.model_files import is_as_mapped, read, write
from pgml.backend.questions import CAREFUL, QUICK
from pgml.errors import CorruptPredictor, InvalidArgument, PgmlError

_MODELS_KEPT = 64  # in a session; the one that was not looked up for the longest time goes first

# A question that waits for its model to be looked up: of a project's name or a model's id. (typing.NamedTuple would cost
# each backend its import.)
_Asked = namedtuple("_Asked", ("what", "of", "features", "role", "statement"))

# (project or model, role) → (the statement that looked its model up for the role, that model's evaluator, its predict).
_answering: dict[tuple[str | int, int], tuple[int | None, object, object]] = {}
_evaluators: OrderedDict[str, object] = OrderedDict()  # by digest
_distrusted: int | None = None  # a statement during which deployments or rights changed
_waiting: _Asked | None = None  # until it is handed out
_asked: _Asked | None = None  # the one that was handed out last


def predict(project_name: str | None, features: list[object] | None) -> float | None:
    """Return the prediction, or None where the model must be looked up or the row needs a closer look."""
    global _waiting
    role, now = process.user(), process.statement()
    answering = _answering.get((project_name, role))
    if answering is not None and answering[0] == now and features is not None:
        try:
            prediction = answering[2](features)
            if prediction is not None:
                return prediction
        except OSError:
            _lose(answering[1])
    _waiting = _Asked("predict", project_name, features, role, now)
    return None


def ask(what: str, of: str | int | None, features: list[object] | None) -> float | list[float] | None:
    """Return the answer of another function than predict, see ``questions``; None as there."""
    global _waiting
    role, now = process.user(), process.statement()
    answering = _answering.get((of, role))
    if answering is not None and answering[0] == now and features is not None:
        try:
            answer = QUICK[what](answering[1], features)
            if answer is not None:
                return answer
        except OSError:
            _lose(answering[1])
    _waiting = _Asked(what, of, features, role, now)
    return None


def ask_on(what: str, features: list[object]) -> None:
    """Ask for a batch's rows, of whom it was asked and for the same role; None, as the model is looked up again."""
    global _waiting
    if _asked is None or _asked.what not in ("predict_batch", what) or _asked.statement != process.statement():
        raise RuntimeError("nobody has asked for a batch")
    _waiting = _asked._replace(what=what, features=features)


def asked() -> tuple[str | None, int | None, int | None, str | None]:
    """Return (project, model, role that asked, error as JSON) of the question that waits, once; nothing where none does.

    None waits while PostgreSQL plans: it then evaluates what has no arguments, for a better guess of row counts.
    """
    global _waiting, _asked
    waiting, _waiting = _waiting, None
    if waiting is None or waiting.statement != process.statement():
        return None, None, None, None
    of = "model_id" if waiting.what == "predict_model" else "project_name"
    for name, value in ((of, waiting.of), ("features", waiting.features)):
        if value is None:
            refused = InvalidArgument(f"pgml.{waiting.what}: {name} must not be NULL")
            return None, None, None, _described(refused)
    _asked = waiting
    if of == "model_id":
        return None, waiting.of, waiting.role, None
    return waiting.of, None, waiting.role, None


def answer_with(digest: str, predictor: bytes | None) -> tuple[bool, str | None]:
    """Make the model of that digest answer what was asked, during this statement; return (done, error as JSON).

    It is not done where its bytes are neither in this session nor in a file and were not given, or are not sound.
    """
    evaluator = _evaluators.get(digest)
    if evaluator is not None and not is_as_mapped(digest):
        _lose(evaluator)
        evaluator = None
    if evaluator is None:
        try:
            buffer = read(digest) if predictor is None else write(digest, predictor)
            if buffer is None:
                return False, None
            evaluator = _evaluator(digest, buffer)
        except OSError:  # the file was changed while it was read
            return False, None
        except PgmlError as error:
            return False, _described(error, _called())
        _evaluators[digest] = evaluator
        if len(_evaluators) > _MODELS_KEPT:
            _forget(_evaluators.popitem(last=False)[1])
    _evaluators.move_to_end(digest)
    trusted = _asked.statement if _asked.statement != _distrusted else None
    _answering[_asked.of, _asked.role] = (trusted, evaluator, evaluator.predict)
    return True, None


def answer_carefully(estimator: bytes | None) -> tuple[object, object, str | None, str | None]:
    """Return (number, or numbers, what is needed first, error as JSON) for what was asked."""
    evaluator = _answering[_asked.of, _asked.role][1]
    needs = answer = None
    try:
        if evaluator.family == "uncompiled":
            answer, needs = evaluator.step(_asked, estimator)
        else:
            answer = CAREFUL[_asked.what](evaluator, _asked.features)
    except OSError:
        _lose(evaluator)
        lost = CorruptPredictor("the file that its model was read from was changed meanwhile", hint="try again")
        return None, None, None, _described(lost, _called())
    except PgmlError as error:
        return None, None, None, _described(error, _called())
    finally:
        if needs is None and isinstance(_asked.features, list):
            _asked.features.clear()  # there may be millions
    return (None, answer, needs, None) if isinstance(answer, list) else (answer, None, needs, None)


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


def _lose(evaluator: object) -> None:
    """Let go of a model whose file was cut off or written over: it is looked up, and read, anew."""
    for digest in [digest for digest, kept in _evaluators.items() if kept is evaluator]:
        del _evaluators[digest]
    _forget(evaluator)


def _forget(evaluator: object) -> None:
    """Let go of a model that has left the kept ones."""
    for key in [key for key, answering in _answering.items() if answering[1] is evaluator]:
        del _answering[key]


def _called() -> str:
    """Return what was asked, as errors name it."""
    return f"model {_asked.of}" if _asked.what == "predict_model" else f'project "{_asked.of}"'


def _described(error: PgmlError, called: str | None = None) -> str:
    import json

    said = error.message if called is None else f"{called}: {error.message}"
    return json.dumps(
        {"sqlstate": error.sqlstate, "message": said, "hint": error.hint, "detail": error.detail}
    )


def _evaluator(digest: str, buffer: object) -> object:
    predictors.outlive_changes()
    evaluator = predictors.evaluator(buffer)
    if evaluator.family == "uncompiled":
        from pgml.backend.uncompiled import RemoteModel

        return RemoteModel(digest, buffer, evaluator)
    return evaluator
