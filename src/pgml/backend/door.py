"""The door from PL/Python: one call a verb, JSON in and out, errors as values."""

from __future__ import annotations

import json
import re
from typing import Any

import pgml
from pgml.backend.engine import Engine
from pgml.backend.orchestrator import Orchestrator
from pgml.backend.session import Session, sqlstate
from pgml.errors import InvalidArgument, PgmlError

VERBS = (
    "algorithms", "hyperparameters", "load_dataset", "train", "deploy", "grant", "revoke", "score", "score_proba",
    "export_sql", "export_model",
)  # fmt: skip

_CALLS = 10  # within one another; Python gives up after some 60, at a place of its choice
_LONGEST_INTEGER = 300  # digits; Python refuses to read thousands, and no larger one fits a float
_DEEPEST = 100  # levels of a JSON argument
_BRACKET = re.compile(r'[][{}]|"[^"\\]*(?:\\.[^"\\]*)*"')  # or a string, in which brackets are letters

_session: Session | None = None
_engine: Engine | None = None
_orchestrator: Orchestrator | None = None
_calls = 0  # within one another at this moment


def call(plpy: Any, verb: str, arguments: str, path: str) -> str:
    """Return ``{"result": ...}`` or ``{"error": {sqlstate, message, detail, hint}}`` as JSON.

    ``arguments`` is a JSON object of the verb's arguments by name, ``path`` the caller's search_path. What
    PostgreSQL raises comes back with its own SQLSTATE, what pgml raises on purpose with that of its class.
    """
    global _session, _engine, _orchestrator, _calls
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
    _calls += 1
    try:
        if _calls > _CALLS:
            raise InvalidArgument(
                f"pgml is called from within itself, more than {_CALLS} calls deep",
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
        _calls -= 1
        _session.path = before


def _read(arguments: str) -> dict[str, Any]:
    def integer(digits: str) -> int | float:
        return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)

    if arguments.count("[") + arguments.count("{") > _DEEPEST and _depth(arguments) > _DEEPEST:
        raise InvalidArgument(f"a JSON argument is nested too deeply: {_DEEPEST} levels are allowed")
    return json.loads(arguments, parse_int=integer)


def _depth(text: str) -> int:
    """Return how deep a JSON text nests. How deep json itself goes differs from one Python to the next."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _failure(sqlstate: str, message: str, detail: str | None, hint: str | None) -> str:
    return json.dumps({"error": {"sqlstate": sqlstate, "message": message, "detail": detail, "hint": hint}})
