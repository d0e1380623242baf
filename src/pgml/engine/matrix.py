"""The matrix that an estimator is fitted on, as it arrives from the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pgml.errors import InfiniteValue, MissingValue, UnusableData
from pgml.wire.packing import Column, unpack

if TYPE_CHECKING:
    pass


class Matrix:
    """Features and target of a snapshot, filled a slice of rows at a time, each row at the place of its number.

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
        """Add a slice of rows: one packed column each (see ``unpack``), their numbers (from 1) first, the target last."""
        import numpy as np

        rows = unpack(packed[0], None)[:, 0].astype(np.int64) - 1
        if len(rows) + self._filled > len(self.y) or ((rows < 0) | (rows >= len(self.y))).any():
            raise UnusableData(f"more rows of the snapshot arrived than the {len(self.y)} that it had when it was taken")
        # Rows lie in their order, unless the table was dumped and restored.
        at = slice(rows[0], rows[0] + len(rows)) if (np.diff(rows) == 1).all() else rows
        self.y[at] = unpack(packed[-1], None)[:, 0]
        place = 0
        for column, data in zip(self.columns, packed[1:-1], strict=True):
            values = unpack(data, column.width)
            width = column.width or 1
            if values.shape != (len(rows), width):
                raise UnusableData(f'the arrays in column "{column.name}" do not all have {width} elements')
            self.X[at, place : place + width] = values
            place += width
        self._filled += len(rows)

    def check_positive_target(self, algorithm: str) -> None:
        """Raise UnusableData where the target is not above 0 in every row."""
        import numpy as np

        others = self.y[~(self.y > 0)]
        if len(others):
            raise UnusableData(
                f'"{self.target}" is {np.min(others):g} in the lowest of {len(self.y)} rows, and {len(others)} of them '
                f"are not above 0; {algorithm} takes a target above 0 only",
                hint="train on a view that leaves those rows out, or choose another algorithm",
            )

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
