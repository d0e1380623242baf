"""The door from PL/Python: one call a verb, JSON in and out, errors as values."""

from __future__ import annotations

import json
from typing import Any

import pgml
from pgml.backend.engine import Engine
from pgml.backend.orchestrator import Orchestrator
from pgml.backend.session import Session, sqlstate
from pgml.errors import InvalidArgument, PgmlError

VERBS = ("algorithms", "hyperparameters", "load_dataset", "train", "deploy", "grant", "revoke")

_DEEPEST = 10  # calls within calls; Python gives up after some 60, at a place of its choice
_LONGEST_INTEGER = 300  # digits; Python refuses to read thousands, and no larger one fits a float

_session: Session | None = None
_engine: Engine | None = None
_orchestrator: Orchestrator | None = None
_depth = 0


def call(plpy: Any, verb: str, arguments: str, path: str) -> str:
    """Return ``{"result": ...}`` or ``{"error": {sqlstate, message, detail, hint}}`` as JSON.

    ``arguments`` is a JSON object of the verb's arguments by name, ``path`` the caller's search_path. What
    PostgreSQL raises comes back with its own SQLSTATE, what pgml raises on purpose with that of its class.
    """
    global _session, _engine, _orchestrator, _depth
    if verb == "version":
        return json.dumps({"result": pgml.__version__})
    if verb not in VERBS:
        raise ValueError(f"there is no verb {verb}")
    if _orchestrator is None:
        _session = Session(plpy)
        _engine = Engine(_session.breathe, _session.warn)
        _orchestrator = Orchestrator(_session, _engine)
    before, _session.path = _session.path, path  # a function in the caller's view may train, too
    _engine.interrupted = ""
    _depth += 1
    try:
        if _depth > _DEEPEST:
            raise InvalidArgument(
                f"pgml is called from within itself, more than {_DEEPEST} calls deep",
                hint="a function in the relation that is trained on calls pgml again",
            )
        return json.dumps({"result": getattr(_orchestrator, verb)(**_read(arguments))})
    except PgmlError as error:
        return _failure(error.sqlstate, error.message, error.detail, error.hint)
    except (plpy.SPIError, plpy.Error) as error:  # the second is a NOTICE that could not be sent, since a cancel came
        spidata = getattr(error, "spidata", None)
        detail, hint = spidata[1:3] if spidata else (None, None)
        if _engine.interrupted:
            detail = f"the engine was stopped while {_engine.interrupted}"
        return _failure(sqlstate(error), str(error), detail, hint)
    finally:
        _depth -= 1
        _session.path = before


def _read(arguments: str) -> dict[str, Any]:
    def integer(digits: str) -> int | float:
        return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)

    try:
        return json.loads(arguments, parse_int=integer)
    except RecursionError:
        raise InvalidArgument("a JSON argument is nested too deeply") from None


def _failure(sqlstate: str, message: str, detail: str | None, hint: str | None) -> str:
    return json.dumps({"error": {"sqlstate": sqlstate, "message": message, "detail": detail, "hint": hint}})
