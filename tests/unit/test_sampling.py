"""Which rows are held back for testing."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pgml.errors import InvalidArgument, UnusableData
from pgml.plugin.objective import OBJECTIVES
from pgml.wire.sampling import SAMPLINGS, choose_test_rows
from pgml.wire.sampling import test_row_count as row_count

labels = st.lists(st.integers(0, 4), min_size=2, max_size=80).map(
    lambda values: np.array(values, dtype=float)
)
sizes = st.floats(0.01, 0.99) | st.integers(1, 40)


def test_the_default_follows_from_the_objective():
    assert OBJECTIVES["classification"].test_sampling == "stratified"
    assert OBJECTIVES["regression"].test_sampling == "random"
    assert {objective.test_sampling for objective in OBJECTIVES.values()} <= set(SAMPLINGS)


@pytest.mark.parametrize(
    ("rows", "size", "count"),
    [
        (100, 0.25, 25),
        (101, 0.25, 26),
        (10, 0.01, 1),
        (2, 0.99, 1),
        (3, 0.99, 2),
        (10, 1, 1),
        (10, 9, 9),
        (10, 2.7, 2),
    ],
)
def test_sizes_are_fractions_or_rows(rows, size, count):
    assert row_count(rows, size) == count


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows(rows):
    with pytest.raises(UnusableData, match=f"{rows} row"):
        row_count(rows, 0.25)


def test_more_rows_than_there_are():
    with pytest.raises(InvalidArgument, match="test_size is 10 rows, and there are 10 in all"):
        row_count(10, 10)


@given(labels, sizes, st.sampled_from(SAMPLINGS))
def test_the_same_arguments_choose_the_same_rows(y, size, sampling):
    assume(size < len(y))
    mask = choose_test_rows(y, size, sampling)
    assert (mask == choose_test_rows(y.copy(), size, sampling)).all()
    assert mask.shape == y.shape and mask.dtype == bool
    assert not mask.all(), "a row is left to train on"
    if sampling != "stratified":
        assert mask.sum() == row_count(len(y), size)


@given(labels, sizes)
def test_stratified_takes_the_same_share_of_every_label(y, size):
    assume(size < len(y))
    mask = choose_test_rows(y, size, "stratified")
    wanted = row_count(len(y), size)
    assert mask.sum() <= wanted
    for label in np.unique(y):
        total, held = (y == label).sum(), (mask & (y == label)).sum()
        share = total * wanted / len(y)
        assert held <= total - 1, "each label has a row to train on"
        assert min(math.floor(share), total - 1) <= held <= math.ceil(share)


def test_stratified_holds_back_as_many_as_it_may():
    y = np.repeat([0.0, 1.0, 2.0], [50, 30, 20])
    assert [choose_test_rows(y, 0.25, "stratified")[y == label].sum() for label in range(3)] == [13, 7, 5]
    assert choose_test_rows(np.array([0.0, 0.0, 1.0]), 0.5, "stratified").tolist() in (
        [True, False, False],
        [False, True, False],
    )


def test_rows_of_a_label_are_chosen_by_chance():
    mask = choose_test_rows(np.repeat([0.0, 1.0], 500), 0.5, "stratified")
    for half in (mask[:500], mask[500:]):
        assert half.sum() == 250 and 75 < half[:250].sum() < 175
    mask = choose_test_rows(np.zeros(1000), 0.5, "random")
    assert 200 < mask[:500].sum() < 300


def test_first_and_last():
    y = np.zeros(8)
    assert choose_test_rows(y, 3, "first").tolist() == [True] * 3 + [False] * 5
    assert choose_test_rows(y, 3, "last").tolist() == [False] * 5 + [True] * 3


def test_as_many_labels_as_rows_are_no_trouble():
    started = time.process_time()  # which stands still while other programs have the processor
    assert not choose_test_rows(np.arange(200_000.0), 0.25, "stratified").any()
    assert time.process_time() - started < 5
