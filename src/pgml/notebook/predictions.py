"""What models say about rows: many rows in a message, and all of them by one model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pgml.errors import PermissionDenied, PgmlError, WrongFeatures
from pgml.notebook.features import by_name, by_position
from pgml.notebook.statements import Statements

_NUMBERS_AT_ONCE = 200_000  # in a message: some megabytes
_ROW = re.compile(r"(.* in row )(\d+)(?=,|$)", re.DOTALL)


def predictions(statements: Statements, project_name: str, features: pd.DataFrame | ArrayLike) -> np.ndarray:
    """Return what ``pgml.predict`` says about each row, float64 [rows]."""
    batch = "SELECT * FROM pgml.predict_batch(%s::text, %s::float8[])"
    return np.array(_answers(statements, batch, project_name, features, _array), dtype=np.float64)


def answers(
    statements: Statements, function: str, of: str | int, features: pd.DataFrame | ArrayLike
) -> list[Any]:
    """Return what a function of schema pgml for one row says about each; ``of`` is a project or a model's number."""
    kind = "bigint" if isinstance(of, int) else "text"
    each = (
        f"SELECT pgml.{function}(%s::{kind}, features::float8[])"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS rows (features, place) ORDER BY place"
    )
    return _answers(statements, each, of, features, _array_of_texts)


def _answers(
    statements: Statements,
    statement: str,
    of: str | int,
    features: pd.DataFrame | ArrayLike,
    literal: Callable[[np.ndarray], str],
) -> list[Any]:
    found: list[Any] = []
    with statements.one_snapshot() as is_one:
        matrix = _matrix(statements, of, features)
        # Where the next message might be answered by another model, there is but one.
        at_once = max(1, _NUMBERS_AT_ONCE // matrix.shape[1] if is_one else len(matrix))
        for start in range(0, max(1, len(matrix)), at_once):
            with _counted_from(start):
                rows = statements.rows(statement, of, literal(matrix[start : start + at_once]))
            found.extend(answer for (answer,) in rows)
    return found


def _matrix(statements: Statements, of: str | int, features: pd.DataFrame | ArrayLike) -> np.ndarray:
    rows: Any = [features] if _is_named(features) else features
    if isinstance(rows, (list, tuple)) and rows and all(map(_is_named, rows)):
        rows = pd.DataFrame(list(rows))
    return by_name(rows, _names(statements, of)) if isinstance(rows, pd.DataFrame) else by_position(rows)


def _is_named(features: object) -> bool:
    """Return whether it is one row that has names."""
    return isinstance(features, pd.Series) and not isinstance(features.index, pd.RangeIndex)


def _names(statements: Statements, of: str | int) -> Sequence[str]:
    """Return the names of a model's features."""
    if isinstance(of, int):
        query, probe = "pgml.models WHERE id = %s", "pgml.predict_model(%s::bigint, '{}')"
    else:
        query, probe = "pgml.projects WHERE name = %s AND features IS NOT NULL", "pgml.predict(%s::text, '{}')"
    found = statements.rows(f"SELECT features FROM {query}", of)
    if not found:
        try:
            statements.rows(f"SELECT {probe}", of)  # says what is wrong
        except WrongFeatures:
            raise PermissionDenied(
                f"permission denied for model {of}: the names of its features need the privilege read in its project",
                hint="give the features by position, in an array",
            ) from None
    return list(found[0][0])


def _array(rows: np.ndarray) -> str:
    """Return rows as PostgreSQL reads a two-dimensional array."""
    return str(rows.tolist()).replace("[", "{").replace("]", "}")


def _array_of_texts(rows: np.ndarray) -> str:
    """Return rows as PostgreSQL reads an array of texts, each of which is an array."""
    return _array(rows).replace("}, {", '}","{').replace("{{", '{"{').replace("}}", '}"}')


@contextmanager
def _counted_from(start: int) -> Iterator[None]:
    """Have an error count the rows from the first that was asked about, not from the first of its message."""
    try:
        yield
    except PgmlError as error:
        said = _ROW.sub(lambda found: f"{found[1]}{int(found[2]) + start}", error.message)
        raise type(error)(said, hint=error.hint, detail=error.detail) from None
