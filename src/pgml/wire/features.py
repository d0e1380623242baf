"""Columns become a matrix: what the engine is sent, packed, and what an estimator is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgml.errors import InfiniteValue, MissingValue, UnusableData

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


class Matrix:
    """Features and target of a snapshot, filled a slice of rows at a time.

    ``X`` is float64 [rows, features], C-contiguous; ``y`` is float64 [rows]. NULL arrives as NaN.
    """

    def __init__(self, columns: Sequence[Column], target: str, row_count: int):
        import numpy as np

        self.columns = list(columns)
        self.target = target
        self.feature_names = [name for column in self.columns for name in column.feature_names]
        self.X = np.empty((row_count, len(self.feature_names)))
        self.y = np.empty(row_count)
        self._filled = 0

    def fill(self, packed: Sequence[Any]) -> None:
        """Add a slice of rows: one packed column each, the target last (see :func:`unpack`)."""
        start = self._filled
        stop = start + len(packed[-1]) // 8
        if stop > len(self.y):
            raise UnusableData(f"more rows of the snapshot arrived than the {len(self.y)} that it had when it was taken")
        self.y[start:stop] = unpack(packed[-1], None)[:, 0]
        place = 0
        for column, data in zip(self.columns, packed[:-1], strict=True):
            values = unpack(data, column.width)
            width = column.width or 1
            if values.shape != (stop - start, width):
                raise UnusableData(f'the arrays in column "{column.name}" do not all have {width} elements')
            self.X[start:stop, place : place + width] = values
            place += width
        self._filled = stop

    def check(self, missing_allowed: bool, algorithm: str) -> None:
        """Raise where a value cannot be trained on: it is infinite, or missing and the algorithm knows no missing."""
        import numpy as np

        if self._filled != len(self.y):
            raise UnusableData(f"{self._filled} rows of the snapshot arrived, it has {len(self.y)}")
        values = [(f'"{self.target}", the target', self.y, False)]
        values += [(f'"{name}"', self.X[:, i], missing_allowed) for i, name in enumerate(self.feature_names)]
        for name, column, may_miss in values:
            if np.isfinite(column).all():
                continue
            infinite = int(np.isinf(column).sum())
            if infinite:
                raise InfiniteValue(f"{name} is infinite in {infinite} of {len(column)} rows")
            missing = int(np.isnan(column).sum())
            if not may_miss:
                raise MissingValue(
                    f"{name} is NULL or NaN in {missing} of {len(column)} rows"
                    + ("" if column is self.y else f", and {algorithm} does not take missing values"),
                    hint="train on a view that leaves those rows out, or fills them in with coalesce",
                )


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
