"""A DataFrame becomes a table: the SQL types of its columns, and its rows as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SQL_TYPES = {
    "float64": "double precision",
    "float32": "real",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "bool": "boolean",
    "object": "text",
    "str": "text",
}


def sql_columns(frame: pd.DataFrame) -> list[list[str]]:
    """Return the name and the SQL type of each column; raise TypeError where one has none, or there are no columns."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame) or not len(frame.columns):
        raise TypeError(f"what it returned, {frame!r:.40}, is no table")
    return [[str(name), _sql_type(frame[name])] for name in frame.columns]


def sql_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON objects; what is no finite number is null."""
    names = [str(name) for name in frame.columns]
    return [
        dict(zip(names, map(_json_value, row), strict=True))
        for row in frame.itertuples(index=False, name=None)
    ]


def _sql_type(column: pd.Series) -> str:
    first = column.iloc[0] if len(column) else None
    array = hasattr(first, "dtype") and getattr(first, "ndim", 0) == 1
    dtype = str(first.dtype if array else column.dtype)
    if dtype not in _SQL_TYPES:
        raise TypeError(f'the column "{column.name}" holds {dtype}, which has no SQL type here')
    return _SQL_TYPES[dtype] + ("[]" if array else "")


def _json_value(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        value = value.tolist()
    if isinstance(value, list):
        return [_json_value(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
