"""Forest predictors against the estimators that they were compiled from, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import answers, assert_agreement, evaluators
from hypothesis import given
from hypothesis import strategies as st
from sklearn import ensemble
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from pgml.predictors import NotCompilable
from pgml.predictors.build import forest
from pgml.predictors.convert import trees

FEW = {"n_estimators": 11, "random_state": 0}
REGRESSORS = [
    (trees.random_forest, DecisionTreeRegressor(random_state=0)),
    (trees.random_forest, ensemble.RandomForestRegressor(**FEW)),
    (trees.random_forest, ensemble.ExtraTreesRegressor(**FEW)),
    (trees.bagging, ensemble.BaggingRegressor(max_features=0.6, **FEW)),
    (trees.bagging, ensemble.BaggingRegressor(max_features=0.9, bootstrap_features=True, **FEW)),
    (trees.gradient_boosting, ensemble.GradientBoostingRegressor(**FEW)),
    (trees.gradient_boosting, ensemble.GradientBoostingRegressor(init="zero", loss="huber", **FEW)),
    (trees.gradient_boosting, ensemble.GradientBoostingRegressor(loss="quantile", alpha=0.3, **FEW)),
    (trees.hist_gradient_boosting, ensemble.HistGradientBoostingRegressor(max_iter=9)),
    (trees.ada_boost, ensemble.AdaBoostRegressor(**FEW)),
    (trees.ada_boost, ensemble.AdaBoostRegressor(n_estimators=80, random_state=0)),
]
CLASSIFIERS = [
    (trees.random_forest, DecisionTreeClassifier(random_state=0)),
    (trees.random_forest, ensemble.RandomForestClassifier(max_depth=4, **FEW)),
    (trees.random_forest, ensemble.ExtraTreesClassifier(**FEW)),
    (trees.bagging, ensemble.BaggingClassifier(max_features=0.6, **FEW)),
    (trees.bagging, ensemble.BaggingClassifier(max_samples=0.02, **FEW)),  # members miss classes
    (trees.gradient_boosting, ensemble.GradientBoostingClassifier(**FEW)),
    (trees.hist_gradient_boosting, ensemble.HistGradientBoostingClassifier(max_iter=9)),
    (trees.ada_boost, ensemble.AdaBoostClassifier(**FEW)),
    (trees.ada_boost, ensemble.AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), **FEW)),
]


def name(case) -> str:
    return type(case[1]).__name__


def hard_rows(data, predictor) -> np.ndarray:
    """Return rows at and just beside the thresholds, in both precisions, and the training rows."""
    nodes = np.ascontiguousarray(predictor.tensors["nodes"]).view(forest.NODE)
    inner = nodes[nodes["feature"] < (1 << 31)]
    rows = np.repeat(data.rows[:1], min(len(inner), 60), axis=0)
    for row, node in zip(rows, inner):
        feature, threshold = int(node["feature"]) & ((1 << 30) - 1), node["number"]
        single = np.float64(np.float32(threshold))
        row[feature] = [threshold, np.nextafter(threshold, np.inf), single, np.nextafter(single, -np.inf)][feature % 4]
    odd = np.array([[0.0, -0.0, 5e-324, -5e-324, 1e-45], [3e38, -3e38, 1e-310, 1e30, -1e-40]])
    return np.concatenate([data.rows, rows[np.isfinite(rows).all(axis=1)], odd])


@pytest.mark.parametrize("case", REGRESSORS, ids=name)
def test_regressors(case, data):
    convert, estimator = case
    fitted = estimator.fit(data.rows, data.number)
    predictor = convert(fitted)
    assert_agreement(predictor, fitted, hard_rows(data, predictor), rtol=0, exact=True)


@pytest.mark.parametrize("kind", ["two", "three"])
@pytest.mark.parametrize("case", CLASSIFIERS, ids=name)
def test_classifiers(case, kind, data):
    convert, estimator = case
    fitted = estimator.fit(data.rows, data.target(kind))
    predictor = convert(fitted)
    assert_agreement(predictor, fitted, hard_rows(data, predictor), rtol=1e-14, exact=True)


def test_exponential_loss(data):
    fitted = ensemble.GradientBoostingClassifier(loss="exponential", **FEW).fit(data.rows, data.two)
    assert_agreement(trees.gradient_boosting(fitted), fitted, data.rows, exact=True)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_log_links(loss, data):
    fitted = ensemble.HistGradientBoostingRegressor(loss=loss, max_iter=9).fit(data.rows, data.positive)
    assert_agreement(trees.hist_gradient_boosting(fitted), fitted, data.rows, rtol=1e-14)


@pytest.mark.parametrize("convert, estimator", [
    (trees.random_forest, ensemble.RandomForestRegressor(**FEW)),
    (trees.random_forest, ensemble.ExtraTreesRegressor(**FEW)),
    (trees.bagging, ensemble.BaggingRegressor(**FEW)),
    (trees.hist_gradient_boosting, ensemble.HistGradientBoostingRegressor(max_iter=9)),
])
@pytest.mark.parametrize("in_training", [True, False])
def test_missing_values(convert, estimator, in_training, data):
    random = np.random.default_rng(1)
    holes = np.where(random.random(data.rows.shape) < 0.2, np.nan, data.rows)
    fitted = estimator.fit(holes if in_training else data.rows, data.number)
    predictor = convert(fitted)
    assert predictor.missing
    assert_agreement(predictor, fitted, holes, rtol=0, exact=True)


def test_boosting_knows_no_missing_values(data):
    fitted = ensemble.GradientBoostingRegressor(**FEW).fit(data.rows, data.number)
    assert not trees.gradient_boosting(fitted).missing


def test_what_cannot_be_compiled_is_refused(data):
    with pytest.raises(NotCompilable, match="LinearRegression"):
        trees.bagging(ensemble.BaggingRegressor(LinearRegression()).fit(data.rows, data.number))
    with pytest.raises(NotCompilable, match="another model"):
        trees.gradient_boosting(
            ensemble.GradientBoostingRegressor(init=LinearRegression(), **FEW).fit(data.rows, data.number)
        )
    with pytest.raises(NotCompilable, match="categories"):
        rows = np.column_stack([data.rows, data.three / 10])
        fitted = ensemble.HistGradientBoostingRegressor(categorical_features=[5], max_iter=3).fit(rows, data.number)
        trees.hist_gradient_boosting(fitted)


@st.composite
def random_trees(draw, n_features: int = 3, width: int = 0):
    """Draw a tree as arrays, its nodes in any order; width 0: leaves are numbers."""
    left, right = [-1], [-1]
    for _ in range(draw(st.integers(0, 12))):
        leaf = draw(st.sampled_from([i for i in range(len(left)) if left[i] < 0]))
        left[leaf], right[leaf] = len(left), len(left) + 1
        left += [-1, -1]
        right += [-1, -1]
    n = len(left)
    order = [0, *draw(st.permutations(range(1, n)))]
    place = np.argsort(order)
    numbers = st.floats(-4, 4, width=32)
    beside = st.builds(np.nextafter, numbers, st.sampled_from([-np.inf, np.inf]))
    return forest.Tree(
        np.array([place[left[i]] if left[i] >= 0 else -1 for i in order]),
        np.array([place[right[i]] if right[i] >= 0 else -1 for i in order]),
        np.array(draw(st.lists(st.integers(0, n_features - 1), min_size=n, max_size=n))),
        np.array(draw(st.lists(st.one_of(numbers, beside), min_size=n, max_size=n))),
        np.array(draw(st.lists(numbers, min_size=n * max(width, 1), max_size=n * max(width, 1)))).reshape(
            (n, width) if width else n
        ),
        np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))),
    )


def walk(tree: forest.Tree, row) -> int:
    node = 0
    while tree.left[node] >= 0:
        value = row[tree.feature[node]]
        left = tree.missing_left[node] if np.isnan(value) else value <= tree.threshold[node]
        node = tree.left[node] if left else tree.right[node]
    return node


@given(st.data(), st.integers(0, 3), st.sampled_from(["single", "double"]), st.sampled_from([3, 3000]))
def test_any_trees(draws, width, input, n_features):
    """Whatever the trees, their order of nodes, and whether their walks are those of copies, packing keeps what they mean."""
    drawn = draws.draw(st.lists(random_trees(width=width), min_size=1, max_size=20))
    number = st.one_of(st.floats(-4, 4, width=32), st.just(float("nan")))
    rows = np.array(draws.draw(st.lists(st.tuples(number, number, number), min_size=1, max_size=11)))
    rows = np.pad(rows, ((0, 0), (0, n_features - 3)))
    labels = {"output": "probability", "classes": range(width)} if width else {}
    about = {"input": input, "missing": True, "divisor": float(len(drawn)), "scale": 2.0}
    predictor = forest.predictor(drawn, n_features, **about, **labels)
    k = max(width, 1)
    totals = np.zeros((len(rows), k))
    for tree in drawn:
        totals += np.array([tree.value[walk(tree, row)] for row in rows]).reshape(-1, k)
    scores = 2.0 * (totals / len(drawn))
    for evaluator in evaluators(predictor):
        values, probabilities = answers(evaluator, rows)
        if width:
            np.testing.assert_array_equal(probabilities, scores)
            np.testing.assert_array_equal(values, scores.argmax(axis=1))
        else:
            np.testing.assert_array_equal(values, scores[:, 0])


def test_arrays_that_make_no_tree_are_refused():
    def refused(left, right, feature=(0, 0, 0)):
        tree = forest.Tree(np.array(left), np.array(right), np.array(feature), np.zeros(3), np.zeros(3))
        with pytest.raises(ValueError):
            forest.predictor([tree], 2)

    refused([1, -1, -1], [1, -1, -1])  # one child twice, the other never
    refused([0, -1, -1], [2, -1, -1])  # its own child
    refused([1, 0, -1], [2, 0, -1])  # a cycle
    refused([1, -1, -1], [3, -1, -1])  # a child that is not there
    refused([1, -1, -1], [-1, -1, -1])  # half a leaf
    refused([1, -1, -1], [2, -1, -1], [2, 0, 0])  # a feature that is not there


def test_values_of_two_kinds_are_refused():
    stump = (np.array([1, -1, -1]), np.array([2, -1, -1]), np.zeros(3, int), np.zeros(3))
    for shapes in (((3,), (3, 2)), ((3, 2), (3,)), ((3, 2), (3, 3))):
        with pytest.raises(ValueError, match="another length"):
            forest.predictor([forest.Tree(*stump, np.zeros(shape)) for shape in shapes], 1)


@pytest.mark.parametrize("at_once", [1, 40, 10**6])
@pytest.mark.parametrize("kind", [ensemble.RandomForestRegressor, ensemble.ExtraTreesClassifier])
def test_how_many_trees_are_packed_at_once_makes_no_difference(kind, at_once, data, monkeypatch):
    fitted = kind(n_estimators=5, min_samples_leaf=2, random_state=0).fit(data.rows, data.three)
    whole = trees.random_forest(fitted).to_bytes()
    monkeypatch.setattr(forest, "_NODES_AT_ONCE", at_once)
    assert trees.random_forest(fitted).to_bytes() == whole
