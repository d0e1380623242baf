"""Oblivious predictors against their definition in a few lines of numpy, and against forests of the same trees."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import answers, evaluators
from hypothesis import given, settings
from hypothesis import strategies as st

from pgml import predictors
from pgml.predictors.build import forest, oblivious
from pgml.predictors.read.format import MOST_BORDERS, parse

N_FEATURES = 3
STUMP = oblivious.Tree(np.array([0]), np.array([0.5]), np.array([1.0, 2.0]), np.array([4.0, 6.0]))
LARGEST = float(np.finfo(np.float32).max)
# Few of them, so that rows meet borders; some lie where float32 ends, or just beside a border in float64.
NUMBERS = [0.0, -0.0, 0.5, 0.5 + 1e-9, -1.25, 3.0, np.nextafter(3.0, 4.0), 1e-45, LARGEST, -LARGEST, 1e300, -1e300]
BORDERS = [0.0, 0.5, -1.25, 3.0, 1e-45, LARGEST, -LARGEST, np.inf, -np.inf]


@st.composite
def random_trees(draw, width: int, deepest: int = 4):
    """Draw a tree; width 0: leaves are numbers."""
    depth = draw(st.integers(0, deepest))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    border = np.float32(draw(st.lists(st.sampled_from(BORDERS), min_size=depth, max_size=depth)))
    feature = random.integers(0, N_FEATURES, depth)
    return oblivious.Tree(feature, border, random.normal(size=(2**depth, width) if width else 2**depth))


def leaf(tree: oblivious.Tree, row: np.ndarray, missing_right: list[bool]) -> int:
    with np.errstate(over="ignore"):
        single = np.clip(row.astype(np.float32), -LARGEST, LARGEST)
    exceeds = np.where(np.isnan(row), missing_right, single > np.float32(np.inf))
    bits = [exceeds[f] if np.isnan(row[f]) else single[f] > b for f, b in zip(tree.feature, np.float32(tree.border))]
    return sum(1 << level for level, bit in enumerate(bits) if bit)


@given(st.data(), st.integers(0, 4), st.sampled_from([1, 2, 31, 32, 33, 127, 128, 129, 300]))
@settings(max_examples=60)
def test_any_trees(draws, width, n_rows):
    """Whatever the trees, and in a batch of whatever size, an answer is the sum of the leaves in their order."""
    drawn = draws.draw(st.lists(random_trees(width), min_size=1, max_size=9))
    missing_right = draws.draw(st.lists(st.booleans(), min_size=N_FEATURES, max_size=N_FEATURES))
    random = np.random.default_rng(draws.draw(st.integers(0, 2**32 - 1)))
    rows = random.choice([*NUMBERS, np.nan], size=(n_rows, N_FEATURES))
    k = max(width, 1)
    labels = {"output": "probability", "classes": range(width)} if width > 1 else {}
    offset = random.normal(size=k)
    predictor = oblivious.predictor(
        drawn, N_FEATURES, missing_right=missing_right, scale=0.3, offset=offset, missing=True, **labels
    )
    totals = np.zeros((n_rows, k))
    for tree in drawn:
        totals += np.array([tree.value[leaf(tree, row, missing_right)] for row in rows]).reshape(-1, k)
    scores = 0.3 * totals + offset
    for evaluator in evaluators(predictor):
        values, probabilities = answers(evaluator, rows)
        if width > 1:
            np.testing.assert_array_equal(probabilities, scores)
            np.testing.assert_array_equal(values, scores.argmax(axis=1))
        else:
            np.testing.assert_array_equal(values, scores[:, 0])


def unfolded(tree: oblivious.Tree) -> forest.Tree:
    """Return the same tree with a question a node, level by level."""
    depth = len(tree.feature)
    level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    bits = np.arange(2**depth - 1) - (2**level - 1)
    left = 2 ** (level + 1) - 1 + bits
    absent, nothing = np.full(2**depth, -1), np.zeros(2**depth)
    return forest.Tree(
        np.concatenate([left, absent]),
        np.concatenate([left + 2**level, absent]),
        np.concatenate([tree.feature[level], nothing]).astype(int),
        np.concatenate([tree.border[level], nothing]),
        np.concatenate([np.zeros(2**depth - 1), tree.value]),
        np.ones(2 ** (depth + 1) - 1, bool),
    )


def grown(random: np.random.Generator, depths: list[int], n_features: int) -> list[oblivious.Tree]:
    return [
        oblivious.Tree(
            random.integers(0, n_features, depth),
            random.normal(size=depth).astype(np.float32),
            random.normal(size=2**depth),
        )
        for depth in depths
    ]


@pytest.mark.parametrize("depths", [[6] * 40, [8, 9, 10, 16, 0, 3], [6] * 400], ids=["like CatBoost's", "deep", "many borders"])
def test_a_forest_of_the_same_trees_answers_the_same(depths):
    """Bit by bit, also where leaves have two bytes of number, and where a feature has more borders than one column."""
    random = np.random.default_rng(len(depths))
    drawn = grown(random, depths, 4)
    rows = random.normal(size=(150, 4)).astype(np.float32).astype(float)
    rows[random.random(rows.shape) < 0.1] = np.nan
    folded = oblivious.predictor(drawn, 4, scale=0.5, offset=[3.0], missing=True)
    if len(depths) == 400:
        assert folded.tensors["columns"][:, 1].max() == MOST_BORDERS and len(folded.tensors["columns"]) > 4
    whole = forest.predictor([unfolded(tree) for tree in drawn], 4, scale=0.5, offset=[3.0], missing=True)
    expected = predictors.evaluator(whole.to_bytes()).predict_batch(rows, len(rows))
    for evaluator in evaluators(folded):
        np.testing.assert_array_equal(answers(evaluator, rows)[0], expected)


def test_numbers_beyond_float32_are_taken_as_its_ends():
    for border, below, above in ((LARGEST, [1e300, LARGEST], []), (-LARGEST, [-1e300, -LARGEST], [1e300, 0.0])):
        tree = STUMP._replace(border=np.array([border]))
        for evaluator in evaluators(oblivious.predictor([tree], 1)):
            assert [evaluator.predict([x]) for x in below] == [1.0] * len(below)
            assert [evaluator.predict([x]) for x in above] == [2.0] * len(above)
            assert evaluator.predict([np.inf]) is None


def test_without_missing_values_a_missing_one_is_not_clean():
    for evaluator in evaluators(oblivious.predictor([STUMP], 1)):
        assert evaluator.predict([None]) is None


def test_a_model_of_leaves_alone_answers():
    tree = oblivious.Tree(np.array([], int), np.array([]), np.array([7.0]))
    for evaluator in evaluators(oblivious.predictor([tree], 2)):
        assert evaluator.predict([0.0, 1.0]) == 7.0
        assert list(evaluator.predict_batch(np.zeros((3, 2)), 3)) == [7.0] * 3


def test_leaves_know_how_many_rows_reached_them():
    for trees in ([STUMP], [STUMP] * 4):
        predictor = oblivious.predictor(trees, 1).prepared(importances=[3.0])
        for evaluator in evaluators(predictor):
            assert list(evaluator.cover) == [4.0, 6.0] * len(trees)
            assert list(evaluator.importances) == [1.0]


def test_splits_stay_where_they_lie():
    """However many numbers precede them in the file: splits that were not aligned would be copied by each backend."""
    for n in range(1, 5):
        trees = [STUMP._replace(border=np.array([float(i)])) for i in range(n)]
        data = oblivious.predictor(trees, 1).to_bytes()
        splits = np.frombuffer(parse(data)[1]["splits"].items, np.uint8)
        assert (splits.ctypes.data - np.frombuffer(data, np.uint8).ctypes.data) % 8 == 0


@pytest.mark.parametrize(
    "tree, message",
    [
        (STUMP._replace(feature=np.array([1])), "outside 0 .. 0"),
        (STUMP._replace(feature=np.array([-1])), "outside 0 .. 0"),
        (STUMP._replace(border=np.array([0.1])), "float32"),
        (STUMP._replace(border=np.array([1e300])), "float32"),
        (STUMP._replace(border=np.array([np.nan])), "float32"),
        (STUMP._replace(border=np.array([0.5, 0.5])), "2 borders"),
        (STUMP._replace(value=np.ones(3)), "3 leaves"),
        (STUMP._replace(cover=np.array([1.0, -1.0])), "cover"),
        (STUMP._replace(cover=np.array([1.0])), "cover"),
        (oblivious.Tree(np.zeros(17, int), np.arange(17.0), np.zeros(2**17)), "17 levels"),
    ],
)
def test_arrays_that_make_no_tree_are_refused(tree, message):
    with pytest.raises(ValueError, match=message):
        oblivious.predictor([tree], 1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="needs a tree"):
        oblivious.predictor([], 1)
    with pytest.raises(ValueError, match="for some leaves"):
        oblivious.predictor([STUMP, STUMP._replace(cover=None)], 1)
    with pytest.raises(ValueError, match="missing_right"):
        oblivious.predictor([STUMP], 1, missing_right=[True, False])
    with pytest.raises(ValueError, match="does not fit 1 scores"):
        oblivious.predictor([STUMP], 1, output="softmax", classes=[0, 1, 2])
