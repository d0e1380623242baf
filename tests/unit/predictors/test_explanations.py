"""What a predictor carries to be explained with: cover counts, importances; and that they cost predictions nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xgboost
from agreement import evaluators
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import ensemble
from sklearn.tree import DecisionTreeClassifier

from pgml import predictors
from pgml.errors import CorruptPredictor
from pgml.predictors.build import forest, linear
from pgml.predictors.convert import boosters, trees
from pgml.predictors.read.format import LEAF, NODE_BYTES, parse

STUMP = forest.Tree(
    *(np.array(part) for part in ([1, -1, -1], [2, -1, -1], [0, 0, 0], [0.5, 0, 0], [0.0, 1.0, 2.0])),
    cover=np.array([10.0, 4.0, 6.0]),
)
FOREST = forest.predictor([STUMP] * 3, 1)
N_NODES = 9

# Each grows trees on all rows, so that a root's cover is the number, or the weight, of all of them.
GROWN_ON_ALL_ROWS = [
    (trees.random_forest, ensemble.RandomForestRegressor, {"n_estimators": 5}),
    (trees.random_forest, ensemble.RandomForestClassifier, {"n_estimators": 5, "max_depth": 4}),
    (trees.random_forest, ensemble.ExtraTreesClassifier, {"n_estimators": 5, "min_samples_leaf": 3}),
    (trees.random_forest, DecisionTreeClassifier, {}),
    (trees.bagging, ensemble.BaggingClassifier, {"n_estimators": 4, "max_features": 0.6}),
    (trees.gradient_boosting, ensemble.GradientBoostingRegressor, {"n_estimators": 6}),
    (trees.gradient_boosting, ensemble.GradientBoostingClassifier, {"n_estimators": 6}),
    (trees.hist_gradient_boosting, ensemble.HistGradientBoostingRegressor, {"max_iter": 5, "min_samples_leaf": 4}),
    (trees.ada_boost, ensemble.AdaBoostRegressor, {"n_estimators": 5}),
]


def covers(predictor: predictors.Predictor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cover of each tree's root, of each inner node, and what its children have together."""
    data = predictor.to_bytes()
    _, tensors = parse(data)
    nodes, roots = np.frombuffer(tensors["nodes"].items, forest.NODE), np.array(tensors["trees"].items)
    cover = np.array(predictors.evaluator(data).cover)
    assert cover.dtype == np.float32 and cover.shape == nodes.shape
    inner = np.flatnonzero((nodes["feature"] & LEAF) == 0)
    tree_of = np.searchsorted(roots, inner, side="right") - 1
    left = roots[tree_of] + nodes["left"][inner]
    return cover[roots[:-1]], cover[inner], cover[left].astype(float) + cover[left + 1]


@pytest.mark.parametrize("convert, kind, settings_", GROWN_ON_ALL_ROWS, ids=lambda part: getattr(part, "__name__", ""))
@given(seed=st.integers(0, 2**16), rows=st.integers(20, 150))
@settings(max_examples=10)
def test_a_root_covers_all_rows_and_children_what_their_parent_does(convert, kind, settings_, seed, rows, data):
    named = {"random_state": seed} if "random_state" in kind().get_params() else {}
    fitted = kind(**settings_, **named).fit(data.rows[:rows], data.two[:rows])
    root, parent, children = covers(convert(fitted))
    np.testing.assert_array_equal(root, rows)
    np.testing.assert_array_equal(parent, children)


@given(seed=st.integers(0, 2**16))
@settings(max_examples=10)
def test_rows_that_weigh_count_by_their_weight(seed, data):
    weights = np.random.default_rng(seed).uniform(0.5, 3, size=len(data.rows))
    fitted = ensemble.GradientBoostingRegressor(n_estimators=4).fit(data.rows, data.number, sample_weight=weights)
    root, parent, children = covers(trees.gradient_boosting(fitted))
    np.testing.assert_allclose(root, weights.sum(), rtol=1e-6)
    np.testing.assert_allclose(parent, children, rtol=1e-6)


@pytest.mark.parametrize(
    "kind, target, chosen",
    [
        (xgboost.XGBRegressor, "number", {}),
        (xgboost.XGBRegressor, "number", {"booster": "dart", "rate_drop": 0.5}),
        (xgboost.XGBRegressor, "number", {"tree_method": "exact", "gamma": 3.0}),  # some nodes are cut off
        (xgboost.XGBClassifier, "two", {}),
        (xgboost.XGBClassifier, "three", {}),
    ],
)
def test_xgboost_covers_by_its_second_derivatives(kind, target, chosen, data):
    y = np.unique(data.target(target), return_inverse=True)[1] if kind is xgboost.XGBClassifier else data.number
    fitted = kind(n_estimators=12, max_depth=4, n_jobs=1, **chosen).fit(data.rows, y)
    root, parent, children = covers(boosters.xgboost(fitted))
    np.testing.assert_allclose(parent, children, rtol=1e-4)
    if kind is xgboost.XGBRegressor:  # the second derivative of a squared error is 1 in every row
        np.testing.assert_array_equal(root, len(data.rows))


@pytest.mark.parametrize(
    "convert, estimator",
    [
        (trees.random_forest, ensemble.RandomForestClassifier(n_estimators=7, random_state=0)),
        (trees.random_forest, ensemble.ExtraTreesRegressor(n_estimators=7, random_state=0)),
        (trees.gradient_boosting, ensemble.GradientBoostingClassifier(n_estimators=7)),
        (trees.ada_boost, ensemble.AdaBoostClassifier(n_estimators=7)),
        (trees.ada_boost, ensemble.AdaBoostRegressor(n_estimators=7, random_state=0)),
        (boosters.xgboost, xgboost.XGBRegressor(n_estimators=7, n_jobs=1)),
        (boosters.xgboost, xgboost.XGBRegressor(n_estimators=7, n_jobs=1, tree_method="exact", gamma=3.0)),
    ],
    ids=lambda part: getattr(part, "__name__", type(part).__name__),
)
def test_importances_are_the_library_s_own(convert, estimator, data):
    fitted = estimator.fit(data.rows, data.two - 3)
    for evaluator in evaluators(convert(fitted)):
        np.testing.assert_allclose(evaluator.importances, fitted.feature_importances_, rtol=1e-5)
        assert sum(evaluator.importances) == pytest.approx(1)


def test_a_forest_that_splits_nothing_gives_no_feature_importance(data):
    fitted = ensemble.RandomForestRegressor(n_estimators=3).fit(data.rows, np.ones(len(data.rows)))
    for evaluator in evaluators(trees.random_forest(fitted)):
        np.testing.assert_array_equal(evaluator.importances, fitted.feature_importances_)


def test_what_the_library_does_not_know_is_not_there(data):
    gblinear = boosters.xgboost(xgboost.XGBRegressor(booster="gblinear").fit(data.rows, data.number))
    histogram = trees.hist_gradient_boosting(ensemble.HistGradientBoostingRegressor(max_iter=3).fit(data.rows, data.number))
    assert predictors.evaluator(gblinear.to_bytes()).importances is None
    assert predictors.evaluator(gblinear.to_bytes()).cover is None
    assert predictors.evaluator(histogram.to_bytes()).importances is None


def test_sums_that_count_nothing_are_left_out(data):
    def bent(predictions, labels):
        return predictions - labels.get_label(), np.full(len(predictions), -0.2)

    matrix = xgboost.DMatrix(data.rows, data.number)
    booster = xgboost.train({"lambda": 50}, matrix, 2, obj=bent)
    assert predictors.evaluator(boosters.xgboost(booster).to_bytes()).cover is None


def test_any_family_may_carry_importances():
    predictor = linear.predictor([[1.0, 2.0]], 0.0).prepared(center=[0, 0], scale=[1, 1], importances=[1.0, 3.0])
    for evaluator in evaluators(predictor):
        assert list(evaluator.importances) == [0.25, 0.75]
        assert evaluator.predict([1.0, 1.0]) == 3.0
    assert list(evaluators(predictor.prepared(importances=[0, 0]))[0].importances) == [0, 0]
    with pytest.raises(ValueError, match="shape"):
        predictor.prepared(importances=[1.0])


@pytest.mark.parametrize("unsound", [[1.0, -1.0], [1.0, np.nan], [np.inf, 1.0]], ids=str)
def test_importances_that_are_not_sound_are_left_out(unsound):
    predictor = linear.predictor([[1.0, 2.0]], 0.0).prepared(importances=unsound)
    assert predictors.evaluator(predictor.to_bytes()).importances is None


def test_nodes_stay_where_they_lie():
    """However many numbers precede them in the file: nodes that were not aligned would be copied by each backend."""
    for trees_ in range(1, 5):
        data = forest.predictor([STUMP] * trees_, 1).prepared(importances=[1.0]).to_bytes()
        _, tensors = parse(data)
        nodes = np.frombuffer(tensors["nodes"].items, np.uint8)
        assert (nodes.ctypes.data - np.frombuffer(data, np.uint8).ctypes.data) % 8 == 0
        assert len(nodes) == 3 * trees_ * NODE_BYTES
        assert list(predictors.evaluator(data).cover) == [10.0, 4.0, 6.0] * trees_


def test_predictors_without_them_are_read_and_answer_the_same():
    bare = dataclasses.replace(FOREST, tensors={k: v for k, v in FOREST.tensors.items() if k != "cover"})
    for full, plain in zip(evaluators(FOREST), evaluators(bare), strict=True):
        assert plain.cover is None and plain.importances is None
        assert [full.predict([x]) for x in (0.0, 1.0)] == [plain.predict([x]) for x in (0.0, 1.0)] == [3.0, 6.0]


def changed(**tensors: np.ndarray) -> bytes:
    return dataclasses.replace(FOREST, tensors={**FOREST.tensors, **tensors}).to_bytes()


@pytest.mark.parametrize("number", [-1.0, np.nan, np.inf, -np.inf])
def test_counts_that_are_not_sound_are_refused_when_they_are_read(number):
    cover = FOREST.tensors["cover"].copy()
    cover[N_NODES - 1] = number
    evaluator = predictors.evaluator(changed(cover=cover, importances=np.array([number])))
    assert evaluator.predict([0.0]) == 3.0
    with pytest.raises(CorruptPredictor, match="cover"):
        evaluator.cover  # noqa: B018
    with pytest.raises(CorruptPredictor, match="importances"):
        evaluator.importances  # noqa: B018


@pytest.mark.parametrize(
    "tensors",
    [
        {"cover": np.zeros(N_NODES, np.float32)},
        {"cover": np.zeros(N_NODES + 3, np.float32)},
        {"cover": np.zeros(N_NODES + 1)},
        {"cover": np.zeros((1, N_NODES + 1), np.float32)},
        {"importances": np.zeros(2)},
        {"importances": np.zeros(1, np.float32)},
        {"importances": np.zeros((1, 1))},
    ],
    ids=str,
)
def test_counts_that_do_not_fit_are_refused(tensors):
    with pytest.raises(CorruptPredictor):
        predictors.evaluator(changed(**tensors))


def test_only_a_forest_has_cover_counts():
    predictor = linear.predictor([[1.0]], 0.0)
    tensors = {**predictor.tensors, "cover": np.zeros(2, np.float32)}
    with pytest.raises(CorruptPredictor, match="family linear"):
        predictors.evaluator(dataclasses.replace(predictor, tensors=tensors).to_bytes())


def test_cover_that_makes_no_sense_is_not_built():
    for cover in (np.array([1.0]), np.array([2.0, -1.0, 3.0]), np.array([np.nan, 1.0, 1.0])):
        with pytest.raises(ValueError, match="cover"):
            forest.predictor([STUMP._replace(cover=cover)], 1)
    with pytest.raises(ValueError, match="for some nodes"):
        forest.predictor([STUMP, STUMP._replace(cover=None)], 1)
