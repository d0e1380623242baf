"""Columns as PostgreSQL packs them become a matrix."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgml.engine.matrix import Matrix
from pgml.errors import InfiniteValue, MissingValue, UnusableData
from pgml.wire.packing import Column, unpack

NAN, INFINITY = float("nan"), float("inf")
floats = st.floats(width=64)


def numbers(*values: float) -> bytes:
    """Return what string_agg(float8send(x), '') gives."""
    return struct.pack(f">{len(values)}d", *values)


def numbered(count: int, start: int = 0) -> bytes:
    """Return the packed numbers of so many rows."""
    return numbers(*range(start + 1, start + count + 1))


def array(values: list[float], dimensions: int = 1) -> bytes:
    """Return what array_send gives for float8[]; all elements are in the last of the dimensions."""
    header = struct.pack(">iiI", dimensions, 0, 701)
    header += b"".join(struct.pack(">ii", n, 1) for n in [1] * (dimensions - 1) + [len(values)])
    return header + b"".join(struct.pack(">id", 8, value) for value in values)


@given(st.lists(floats))
def test_numbers_come_back(values):
    np.testing.assert_array_equal(unpack(numbers(*values), None), np.array(values).reshape(-1, 1))


@given(
    st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(floats, min_size=width, max_size=width))),
    st.integers(1, 6),
)
def test_arrays_come_back(rows, dimensions):
    width = len(rows[0]) if rows else 3
    packed = b"".join(array(row, dimensions) for row in rows)
    np.testing.assert_array_equal(unpack(packed, width), np.array(rows).reshape(-1, width))


def test_features_have_the_names_of_columns_and_elements():
    columns = [Column("a"), Column("image", 3), Column("image[1]")]
    assert Matrix(columns, "y", 0).feature_names == ["a", "image[1]", "image[2]", "image[3]", "image[1]"]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_slices_are_put_one_after_the_other(sizes):
    matrix = Matrix([Column("a"), Column("b", 2)], "y", sum(sizes))
    expected = np.arange(4.0 * sum(sizes)).reshape(-1, 4)
    start = 0
    for size in sizes:
        rows = expected[start : start + size]
        arrays = b"".join(array(row.tolist()) for row in rows[:, 1:3])
        matrix.fill([numbered(size, start), numbers(*rows[:, 0]), arrays, numbers(*rows[:, 3])])
        start += size
    matrix.check(False, "linear")
    np.testing.assert_array_equal(matrix.X, expected[:, :3])
    np.testing.assert_array_equal(matrix.y, expected[:, 3])
    assert matrix.X.flags.c_contiguous and matrix.X.dtype == matrix.y.dtype == np.float64


@given(st.permutations(range(1, 13)), st.integers(1, 12))
def test_each_row_goes_to_the_place_of_its_number(order, size):
    matrix = Matrix([Column("a")], "y", 12)
    for start in range(0, 12, size):
        rows = order[start : start + size]
        matrix.fill([numbers(*rows), numbers(*(10 * row for row in rows)), numbers(*rows)])
    matrix.check(False, "linear")
    np.testing.assert_array_equal(matrix.y, np.arange(1, 13))
    np.testing.assert_array_equal(matrix.X[:, 0], 10 * matrix.y)


@pytest.mark.parametrize(
    "rows",
    [[[1.0, 2.0], [1.0]], [[1.0], [2.0]], [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0], [1.0]]],
)
def test_arrays_of_another_length_are_refused(rows):
    matrix = Matrix([Column("b", 2)], "y", len(rows))
    with pytest.raises(UnusableData, match='"b" do not all have 2 elements'):
        matrix.fill([numbered(len(rows)), b"".join(map(array, rows)), numbers(*range(len(rows)))])


def test_arrays_of_different_dimensions_are_refused():
    matrix = Matrix([Column("b", 2)], "y", 2)
    with pytest.raises(UnusableData):
        matrix.fill([numbered(2), array([1, 2]) + array([1, 2], dimensions=2), numbers(1, 2)])


def test_a_number_of_rows_that_is_not_the_announced_one():
    matrix = Matrix([Column("a")], "y", 2)
    matrix.fill([numbered(1), numbers(1), numbers(1)])
    with pytest.raises(UnusableData, match="1 rows of the snapshot arrived, it has 2"):
        matrix.check(True, "linear")
    with pytest.raises(UnusableData, match="more rows"):
        matrix.fill([numbered(2), numbers(1, 2), numbers(1, 2)])
    with pytest.raises(UnusableData, match="more rows"):
        matrix.fill([numbered(1, 2), numbers(1), numbers(1)])


def check(x: list[float], y: list[float], missing_allowed: bool = False) -> None:
    matrix = Matrix([Column("x")], "y", len(x))
    matrix.fill([numbered(len(x)), numbers(*x), numbers(*y)])
    matrix.check(missing_allowed, "ridge")


def test_values_that_cannot_be_trained_on_are_named():
    with pytest.raises(
        MissingValue, match='"x" is NULL or NaN in 2 of 3 rows, and ridge does not take missing'
    ):
        check([NAN, 1, NAN], [1, 2, 3])
    with pytest.raises(InfiniteValue, match='"x" is infinite in 1 of 3 rows'):
        check([-INFINITY, NAN, 1], [1, 2, 3], missing_allowed=True)
    with pytest.raises(MissingValue, match='"y", the target is NULL or NaN in 1 of 3 rows\n'):
        check([1, 2, 3], [1, NAN, 3], missing_allowed=True)
    with pytest.raises(InfiniteValue, match='"y", the target is infinite'):
        check([1, 2, 3], [1, INFINITY, 3])
    check([NAN, 1, NAN], [1, 2, 3], missing_allowed=True)
