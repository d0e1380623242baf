"""The form in which forests are stored: what comes out is what went in, to the last bit, and less is kept of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save
from sklearn import ensemble

from pgml import predictors
from pgml.engine.held import HeldModel
from pgml.errors import CorruptPredictor
from pgml.predictors.build import forest, linear
from pgml.predictors.build.stored import to_store
from pgml.predictors.convert import trees
from pgml.predictors.export.described import described
from pgml.predictors.read.stored import HEADER_KEY, NODE_COLUMNS, predictor_of


def tree(features=(0,), numbers=(0.5, -1.0, 2.0), cover=None, missing_left=None) -> forest.Tree:
    """Return a tree that asks for each of the features once, whose right children are leaves; numbers are repeated."""
    inner = len(features)
    left = [*range(1, inner + 1), *[-1] * (inner + 1)]
    right = [*range(2 * inner, inner, -1), *[-1] * (inner + 1)]
    given_ = np.resize(np.array(numbers), 2 * inner + 1)
    return forest.Tree(
        np.array(left), np.array(right), np.array([*features, *[0] * (inner + 1)]), given_, given_[::-1].copy(),
        None if missing_left is None else np.resize(missing_left, 2 * inner + 1),
        None if cover is None else np.resize(np.array(cover, float), 2 * inner + 1),
    )  # fmt: skip


ODD = (0.1, -0.0, 0.0, 1e-310, 3e300, np.inf, -np.inf, np.nan, 2.0**31)
FORESTS = {
    "stumps": ([tree()] * 3, 1, {}),
    "of one leaf each": ([tree(())] * 4, 2, {}),
    "odd numbers": ([tree([0] * 9, ODD)] * 2, 1, {}),
    "whole numbers": ([tree([0] * 400, range(300))], 1, {}),
    "larger whole numbers": ([tree([0] * 40, [0.0, 70_000.0, 2.0**24])], 1, {}),
    "numbers beyond four bytes": ([tree([0] * 4, [2.0**40, 1.0])], 1, {}),
    "features of two bytes": ([tree([0, 299, 126, 127])], 300, {"missing": True}),
    "features of four bytes": ([tree([0, 33_000, 32_767])], 40_000, {}),
    "missing values": ([tree([0, 1, 0], missing_left=[True, False])], 2, {"missing": True}),
    "counts": ([tree([0, 0, 0], cover=[300, 254, 255, 256, 0, 1, 1e9])], 1, {}),
    "weights": ([tree([0, 0, 0], cover=[0.5, 3.25, 254.5])] * 3, 1, {}),
    "several scores": ([tree()] * 4, 1, {"scores": [0, 1, 2, 0], "output": "softmax", "classes": [1, 2, 5]}),
    "a median": ([tree()] * 3, 1, {"aggregation": "median", "weights": [1.0, 2.0, 3.0]}),
}


def stored_alike(predictor: predictors.Predictor) -> bytes:
    """Return a predictor's stored form, once all ways have led back to it."""
    whole = predictor.to_bytes()
    stored = to_store(whole, 0)
    assert stored != whole
    assert bytes(predictor_of(stored)) == bytes(predictor_of(stored, pure=True)) == whole
    return stored


@pytest.mark.parametrize("name", FORESTS)
def test_a_forest_comes_back_to_the_last_bit(name):
    trees_, n_features, settings_ = FORESTS[name]
    stored_alike(forest.predictor(trees_, n_features, **settings_))


@pytest.mark.parametrize("splits, width", [(200, 2), (40_000, 4)])
def test_steps_that_one_byte_does_not_hold(splits, width):
    """The lighter of two siblings has what is below it behind all that is below the other."""
    heavy, light = tree([0] * splits), tree([0] * 100)
    below = (heavy, 1), (light, 1 + len(heavy.left))
    joined = [
        np.concatenate([[root], *(np.where(part[at] < 0, -1, part[at] + first) for part, first in below)])
        for at, root in ((0, 1), (1, below[1][1]))
    ]
    joined += [np.concatenate([[0], *(part[at] for part, _ in below)]) for at in (2, 3, 4)]
    stored = stored_alike(forest.predictor([forest.Tree(*joined)], 1))
    assert load(stored)["nodes.far"].shape == (1, width)


@given(seed=st.integers(0, 2**16), leaf=st.integers(1, 9))
@settings(max_examples=10)
def test_fitted_forests_come_back(seed, leaf, data):
    for kind, target in ((ensemble.RandomForestClassifier, data.three), (ensemble.ExtraTreesRegressor, data.number)):
        fitted = kind(n_estimators=4, min_samples_leaf=leaf, random_state=seed).fit(data.rows, target)
        stored_alike(trees.random_forest(fitted).prepared(center=np.zeros(5), scale=np.ones(5)))


def test_what_is_stored_is_less_than_half():
    random = np.random.default_rng(0)
    X = random.normal(size=(3000, 10))
    fitted = ensemble.RandomForestRegressor(n_estimators=10, random_state=0).fit(X, X[:, 0] + random.normal(size=3000))
    whole = trees.random_forest(fitted).to_bytes()
    assert len(to_store(whole)) < 0.45 * len(whole)


def test_what_is_small_or_no_forest_is_stored_as_it_is():
    for predictor in (linear.predictor([[1.0, 2.0]], 0.0), forest.predictor([tree()], 1)):
        whole = predictor.to_bytes()
        assert to_store(whole) is whole
        assert predictor_of(whole) is whole
    assert to_store(linear.predictor(np.ones((1, 9000)), 0.0).to_bytes())[:20] != to_store(whole, 0)[:20]


def test_who_reads_models_reads_the_stored_form():
    predictor = forest.predictor([tree()], 1)
    stored = to_store(predictor.to_bytes(), 0)
    assert list(HeldModel(stored, b"", None).predict(np.array([[0.0], [1.0]]))) == [-1.0, 0.5]
    assert described(stored).features == ("feature_1",)


STORED = to_store(forest.predictor([tree([0, 1, 0], cover=[300, 2, 255])] * 2, 2).to_bytes(), 0)


def changed(**tensors: np.ndarray | None) -> bytes:
    """Return the stored form with other columns, underscores for points in their names; None: without the column."""
    columns = load(STORED) | {name.replace("_", "."): tensor for name, tensor in tensors.items()}
    return save({name: tensor for name, tensor in columns.items() if tensor is not None}, {HEADER_KEY: header()})


def header() -> str:
    length = int.from_bytes(STORED[:8], "little")
    return json.loads(STORED[8 : 8 + length])["__metadata__"][HEADER_KEY]


def refused(stored: bytes) -> None:
    for pure in (False, True):
        with pytest.raises(CorruptPredictor):
            predictor_of(stored, pure)


def test_columns_that_do_not_fit_are_refused():
    assert bytes(predictor_of(changed())) == bytes(predictor_of(STORED))
    columns = load(STORED)
    for name in (*(f"nodes.{column}" for column in NODE_COLUMNS), "cover.low", "cover.others", "trees"):
        key, column = name.replace(".", "_"), columns[name]
        refused(changed(**{key: None}))
        if len(column):
            refused(changed(**{key: column[:-1]}))
        refused(changed(**{key: np.concatenate([column, np.ones((1, *column.shape[1:]), column.dtype)])}))
        refused(changed(**{key: np.zeros((len(column), 1), np.float32 if name == "trees" else np.int64)}))
    refused(changed(nodes_kinds=np.zeros_like(columns["nodes.kinds"])))  # more leaves than values
    refused(changed(nodes_kinds=np.ones_like(columns["nodes.kinds"])))  # more inner nodes than thresholds
    refused(changed(nodes_steps=np.zeros_like(columns["nodes.steps"])))  # all of them far
    refused(changed(nodes_steps=np.ones((6, 3), np.uint8)))
    refused(changed(nodes_kinds=np.empty((2**40, 0), np.uint8)))  # which claims what it does not have
    refused(changed(cover_low=np.empty((2**40, 0), np.uint8)))
    refused(changed(cover_low=np.full_like(columns["cover.low"], 255)))
    for bounds in ([0, 7, 13], [1, 7, 14], [0, 15, 14], [0, -1, 14], [0, 2**62, 14], [14], []):
        refused(changed(trees=np.array(bounds, np.int64)))


@given(st.data())
@settings(max_examples=300)
def test_whatever_is_stored_both_ways_read_the_same_or_refuse_it(draws):
    stored = bytearray(STORED)
    for _ in range(draws.draw(st.integers(1, 3))):
        stored[draws.draw(st.integers(0, len(stored) - 1))] = draws.draw(st.integers(0, 255))
    results = []
    for pure in (False, True):
        try:
            results.append(bytes(predictor_of(bytes(stored), pure)))
        except CorruptPredictor:
            results.append(None)
    assert results[0] == results[1]
