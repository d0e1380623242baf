"""Columns as bytes: how SQL packs them for the line, and how the engine unpacks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Column:
    """A column: its name, and the number of features it holds (None for a plain number, which is one)."""

    name: str
    width: int | None = None

    @property
    def feature_names(self) -> list[str]:
        """The names of its features: its own, or ``name[1]``, ``name[2]``, ... of an array."""
        if self.width is None:
            return [self.name]
        return [f"{self.name}[{i}]" for i in range(1, self.width + 1)]


def packed(value: str, column: Column, dimensions: int = 1) -> str:
    """Return the SQL that packs the values of a column, ``value``, into bytes; NULL becomes NaN: no row is left out.

    ``value`` is an SQL expression of a type that casts to float8, or to float8[] where the column has a width;
    the arrays have as many ``dimensions``. Names in it are those of pg_catalog.
    """
    if column.width is None:
        return f"string_agg(float8send(coalesce({value}::float8, 'NaN')), '')"
    shape = [1] * (dimensions - 1) + [column.width]
    empty = f"array_fill('NaN'::float8, ARRAY{shape})"
    return f"string_agg(array_send(coalesce(array_replace({value}::float8[], NULL, 'NaN'), {empty})), '')"


def unpack(data: Any, width: int | None) -> np.ndarray:
    """Return packed values as an array of big-endian float64: [rows, 1], or [rows, width] for array columns.

    Numbers come as ``float8send`` writes them, eight bytes each. Arrays come as ``array_send`` does: a header
    (dimensions, flags, element type; per dimension its length and lower bound), then each element behind its
    length of four bytes. Where they are not all of one shape the result is empty.
    """
    import numpy as np

    if width is None:
        return np.frombuffer(data, dtype=">f8").reshape(-1, 1)
    dimensions = int.from_bytes(data[:4], "big") if data else 1
    row = np.dtype(
        [("header", f"V{12 + 8 * dimensions}"), ("elements", [("length", ">i4"), ("value", ">f8")], (width,))]
    )
    if len(data) % row.itemsize:
        return np.empty((0, 0))
    elements = np.frombuffer(data, dtype=row)["elements"]
    return elements["value"] if (elements["length"] == 8).all() else np.empty((0, 0))
