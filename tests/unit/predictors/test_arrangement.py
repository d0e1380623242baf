"""The order of a forest's nodes: by the definition and in C the same, of trees only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgml.predictors.build.arrangement import arranged

Forest = tuple[list[np.ndarray], list[np.ndarray]]


@st.composite
def forests(draw) -> Forest:
    """Return left and right children of trees grown by dividing leaves, their nodes numbered in any order."""
    lefts, rights = [], []
    for _ in range(draw(st.integers(1, 4))):
        left, right = [-1], [-1]
        for chosen in draw(st.lists(st.integers(0, 2**16), max_size=12)):
            leaves = [node for node, child in enumerate(left) if child < 0]
            node = leaves[chosen % len(leaves)]
            left[node], right[node] = len(left), len(left) + 1
            left += [-1, -1]
            right += [-1, -1]
        number = np.array([0, *draw(st.permutations(range(1, len(left))))])
        for children, numbered in ((left, lefts), (right, rights)):
            moved = np.empty(len(left), np.int64)
            moved[number] = np.where(np.array(children) < 0, -1, number[children])
            numbered.append(moved)
    return lefts, rights


def both(left: list[np.ndarray], right: list[np.ndarray], weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    bounds = np.concatenate([[0], np.cumsum([len(tree) for tree in left])])
    given_ = np.concatenate(left), np.concatenate(right), bounds, weight
    found, defined = arranged(*given_), arranged(*given_, pure=True)
    np.testing.assert_array_equal(found, defined)
    return found


@given(forests(), st.data())
def test_siblings_lie_side_by_side_and_what_is_below_the_heavier_one_first(forest, draws):
    left, right = forest
    n_nodes = sum(map(len, left))
    weight = None
    if draws.draw(st.booleans()):
        weight = np.array(draws.draw(st.lists(st.integers(0, 5), min_size=n_nodes, max_size=n_nodes)), np.float32)
    place, child = both(left, right, weight)
    first = 0
    for lefts, rights in zip(left, right, strict=True):
        own = slice(first, first + len(lefts))
        places, children = place[own], child[own]
        assert sorted(places) == list(range(len(lefts))) and places[0] == 0
        inner = lefts >= 0
        np.testing.assert_array_equal(children, np.where(inner, places[lefts], places))
        np.testing.assert_array_equal(places[rights[inner]], places[lefts[inner]] + 1)
        for one, other in zip(lefts[inner], rights[inner], strict=True):
            if weight is not None and inner[one] and inner[other] and weight[own][one] != weight[own][other]:
                assert (children[one] < children[other]) == (weight[own][one] > weight[own][other])
        first += len(lefts)


@pytest.mark.parametrize(
    "left, right",
    [
        ([1, -1, -1], [1, -1, -1]),  # one child twice, the other never
        ([0, -1, -1], [2, -1, -1]),  # its own child
        ([1, 0, -1], [2, 0, -1]),  # a cycle
        ([1, 2, -1], [2, 1, -1]),
        ([1, -1, -1], [3, -1, -1]),  # a child that is not there
        ([2**62, -1, -1], [2, -1, -1]),
        ([1, -1, -1], [-1, -1, -1]),  # half a leaf
        ([-1, -1, -1], [-1, -1, -1]),  # nodes that nothing leads to
        ([1, -1, -1, 1, -1], [2, -1, -1, 2, -1]),
    ],
)
def test_what_is_no_tree_is_refused(left, right):
    for before in ([], [np.array([-1])]):
        trees = [*before, np.array(left)], [*before, np.array(right)]
        bounds = np.concatenate([[0], np.cumsum([len(tree) for tree in trees[0]])])
        for pure in (False, True):
            with pytest.raises(ValueError):
                arranged(*map(np.concatenate, trees), bounds, None, pure)


@pytest.mark.parametrize("bounds", [[0, 2], [1, 3], [0, 4, 3], [0, 0, 3], [3], []])
def test_bounds_that_do_not_fit_are_refused_in_c(bounds):
    with pytest.raises(ValueError):
        arranged(np.array([1, -1, -1]), np.array([2, -1, -1]), np.array(bounds, np.int64), None)


def test_a_tree_as_deep_as_it_has_splits():
    n = 3_000
    left = np.full(2 * n + 1, -1)
    left[: 2 * n : 2] = np.arange(2, 2 * n + 1, 2)
    right = np.where(left < 0, -1, left - 1)
    both([left], [right], None)
