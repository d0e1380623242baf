"""What predictions are asked about, as a matrix: the columns of a DataFrame by their names, anything else by position."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pgml.errors import UnsupportedType, WrongFeatures, shown


def by_position(features: ArrayLike) -> np.ndarray:
    """Return an array or list, [rows, features] or [features] for one row, as float64 [rows, features]; what is masked is NaN.

    Raises:
        WrongFeatures: it has another shape, rows of different lengths, or no features.
        UnsupportedType: something in it is not a number.
    """
    if isinstance(features, np.ma.MaskedArray) and _is_numeric(features.dtype):
        features = np.ma.filled(features.astype(np.float64), np.nan)
    try:
        array = np.asarray(features)
    except ValueError:
        raise WrongFeatures("the features must be [rows, features], and these rows differ in their lengths") from None
    if array.ndim == 0:
        raise WrongFeatures(f"the features must be [rows, features] or a DataFrame, got {_shown(features)}")
    if array.ndim > 2 or array.shape[-1] == 0:
        raise WrongFeatures(f"the features must be [rows, features], got the shape {array.shape}")
    if _is_numeric(array.dtype):
        return np.atleast_2d(array).astype(np.float64)
    cells = np.atleast_2d(_cells(features, array))
    return np.column_stack([_numbers(column, str(place)) for place, column in enumerate(cells.T, 1)])


def by_name(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return the columns of a DataFrame that are a model's features, in their order, as float64 [rows, features].

    Columns of other names are ignored. A feature ``image[3]`` is the third element of the arrays in the column ``image``,
    where there is no column of its own name. NULL, NaN and None are NaN.

    Raises:
        WrongFeatures: a column is missing or there are several of its name, or its arrays have too few elements or too many.
        UnsupportedType: something in a column is not a number.
    """
    widths = Counter(_array_of(name) for name in names)
    taken: set[str] = set()
    columns = []
    for name in names:
        array = _array_of(name)
        if name in frame:
            columns.append(_column(frame, name))
        elif array is None or array not in frame:
            raise WrongFeatures(f'the features have no column "{name}"', hint=f"the model needs {', '.join(names)}")
        elif array not in taken:
            taken.add(array)
            columns.append(_elements(frame, array, widths[array]))
    return np.column_stack(columns)


def _array_of(name: str) -> str | None:
    """Return the column of arrays that a feature would be an element of."""
    array, bracket, place = name.rpartition("[")
    return array if bracket and place.endswith("]") and place[:-1].isdigit() else None


def _only(frame: pd.DataFrame, name: str) -> pd.Series:
    found = frame[name]
    if isinstance(found, pd.DataFrame):
        raise WrongFeatures(
            f'the features have {found.shape[1]} columns "{name}", and a name must be that of one',
            hint="features are found by their names; frame.loc[:, ~frame.columns.duplicated()] keeps the first of each",
        )
    return found


def _column(frame: pd.DataFrame, name: str) -> np.ndarray:
    column = _only(frame, name)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return _numbers(column.to_numpy(dtype=object), f'"{name}"')


def _elements(frame: pd.DataFrame, name: str, width: int) -> np.ndarray:
    """Return the elements of a column of arrays, float64 [rows, width]; NaN for all of an array that is missing."""
    result = np.full((len(frame), width), np.nan)
    for row, cell in enumerate(_only(frame, name).array):
        if _is_missing(cell):
            continue
        try:
            array = np.asarray(cell)
        except ValueError:  # lists of different lengths
            array = np.empty(())
        if array.ndim == 0 or array.size != width:
            got = f"{array.size} elements" if array.ndim else _shown(cell)
            raise WrongFeatures(
                f'the arrays in column "{name}" must have the {width} elements that the model was trained on, got {got}'
                f" in row {row + 1}"
            )
        if _is_numeric(array.dtype):
            result[row] = array.ravel()
        else:
            places = enumerate(_cells(cell, array).ravel(), 1)
            result[row] = [_number(value, f'"{name}[{place}]"', row) for place, value in places]
    return result


def _is_numeric(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "biuf"


def _cells(values: object, array: np.ndarray) -> np.ndarray:
    """Return the values that numpy has made an array of, as they are; times, of which it would make numbers, as texts."""
    if array.dtype.kind in "mM":
        return array.astype(str).astype(object)
    return np.asarray(values, dtype=object)


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _numbers(column: np.ndarray, called: str) -> np.ndarray:
    return np.array([_number(value, called, row) for row, value in enumerate(column)], dtype=np.float64)


def _number(value: object, called: str, row: int) -> float:
    if _is_missing(value):
        return math.nan
    if not isinstance(value, (Real, Decimal, np.bool_)):
        raise UnsupportedType(f"feature {called} is {_shown(value)} in row {row + 1}, not a number")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _shown(value: object) -> str:
    return shown(repr(value))
