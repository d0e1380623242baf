"""A data set that ``pgml.load_dataset`` can load: a name and a function that returns its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Dataset:
    """A named data set.

    ``load()`` returns a DataFrame whose columns become the table's: float64 is stored as float8, int16 as
    smallint, int32 as integer, int64 as bigint, bool as boolean, str as text, and a column that holds
    one-dimensional numpy arrays as an array of their type. The target comes last.
    """

    name: str
    summary: str
    load: Callable[[], pandas.DataFrame]
