"""Whether pgml-catboost keeps pgml's rules, declares all of CatBoost's parameters, and compiles what it trains."""

from __future__ import annotations

import copy
import inspect
import warnings

import catboost
import numpy as np
import pgml_catboost
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgml_catboost import trees
from pgml_catboost.boosted import BoostedRegression

from pgml import predictors
from pgml.errors import CorruptPredictor, InvalidHyperparameter
from pgml.plugin.checks import CHECKS
from pgml.predictors import NotCompilable
from pgml.predictors.build import forest
from pgml.predictors.read.format import LEAF

REGRESSION, CLASSIFICATION = pgml_catboost.pgml_algorithms()
BOTH = pytest.mark.parametrize("algorithm", [REGRESSION, CLASSIFICATION], ids=repr)
SMALL = {"iterations": 8, "thread_count": 1}

# Numbers where rounding, zero and missing values could go astray.
AWKWARD = [
    0.0,
    -0.0,
    np.nan,
    1e-40,
    5e-324,
    -1e300,
    1e300,
    3.4028235e38,
    0.1,
    float(np.float32(0.1)),
    1.0,
    -1.0,
]


def data(objective, seed=0, rows=120, classes=3):
    """Features with awkward numbers among them, some missing, and a target that depends on them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    X[:, 1] = rng.integers(-2, 3, rows)
    X[:, 2] = rng.choice(AWKWARD, rows)
    X[rng.random((rows, 4)) < 0.05] = np.nan
    score = np.nan_to_num(X[:, 0]) + np.abs(np.nan_to_num(X[:, 1])) + rng.normal(scale=0.2, size=rows)
    if objective == "regression":
        return X, np.abs(score) + 0.1
    return X, np.unique(
        np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)), return_inverse=True
    )[1]


def assert_compiled_is_the_estimator(algorithm, fitted, X):
    evaluator = predictors.evaluator(algorithm.compile(fitted).to_bytes())
    rng = np.random.default_rng(1)
    borders = np.concatenate([[0.5], *fitted.library.get_borders().values()])
    borders = borders[np.abs(borders) < 1e30]  # the others part missing values from all numbers
    above = np.nextafter(borders.astype(np.float32), np.float32(np.inf)).astype(float)
    between = (borders + above) / 2  # rounds to one or the other
    near = np.concatenate([borders, above, between, *np.nextafter(between, [[np.inf], [-np.inf]]), AWKWARD])
    rows = np.ascontiguousarray(np.concatenate([X, rng.choice(near, (300, X.shape[1]))]))
    served = np.asarray(evaluator.predict_batch(rows, len(rows)))
    if algorithm.objective == "regression":
        np.testing.assert_allclose(served, fitted.predict(rows), rtol=1e-9, atol=1e-12)
        return
    probabilities = np.reshape(evaluator.predict_proba_batch(rows, len(rows)), (len(rows), -1))
    expected = fitted.predict_proba(rows)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-9, atol=1e-12)
    highest = np.sort(expected, axis=1)
    clear = highest[:, -1] - highest[:, -2] > 1e-12  # else rounding decides between the two
    assert (served == fitted.predict(rows))[clear].all()


def quick(algorithm):
    """The same with few trees by default: the suite fits it some fifty times."""
    of = {"iterations": 50}
    algorithm = copy.copy(algorithm)
    algorithm.hyperparameters = tuple(
        each.but(default=of.get(each.name, each.default)) for each in algorithm.hyperparameters
    )
    return algorithm


@BOTH
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_keeps_the_rules(algorithm, check):
    check(quick(algorithm))


@pytest.mark.parametrize(
    ("algorithm", "library"),
    [(REGRESSION, catboost.CatBoostRegressor), (CLASSIFICATION, catboost.CatBoostClassifier)],
)
def test_every_parameter_is_declared_or_left_out(algorithm, library):
    parameters = set(inspect.signature(library).parameters)
    declared = {each.name for each in algorithm.hyperparameters}
    assert parameters <= declared | set(algorithm.left_out)
    assert set(algorithm.left_out) <= parameters - declared


def values(algorithm):
    """Hyperparameters of all kinds, from what is declared."""
    smaller = {
        "iterations": st.integers(1, 8),
        "depth": st.integers(1, 6),
        "thread_count": st.just(1),
        "monotone_constraints": st.lists(st.integers(-1, 1), min_size=4, max_size=4),
        "feature_weights": st.lists(st.floats(0, 2), min_size=4, max_size=4),
    }
    kinds = {each.name: smaller.get(each.name, strategy(each.kind)) for each in algorithm.hyperparameters}
    fixed = {name: kinds.pop(name) for name in ("iterations", "depth")}
    return st.fixed_dictionaries(fixed, optional=kinds)


def strategy(kind):
    if "[]" in kind.type:
        return st.nothing()
    if kind.choices:
        return st.sampled_from(kind.choices)
    low = kind.minimum if kind.minimum is not None else 0.01
    if kind.type == "integer":
        return st.integers(int(low), int(min(kind.maximum or 300, 300)))
    return st.floats(low, min(x for x in (kind.maximum, kind.below, 3.0) if x is not None) - 1e-3)


@BOTH
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(0, 9), st.integers(2, 4))
def test_compiled_is_the_estimator(algorithm, draw, seed, classes):
    chosen = draw.draw(values(algorithm))
    X, y = data(algorithm.objective, seed, classes=classes)
    try:
        fitted = algorithm.fit(algorithm.check(chosen), X, y)
    except InvalidHyperparameter:
        return
    except catboost.CatBoostError as error:  # of settings that leave these few rows nothing to learn from
        assert "Too few sampling units" in str(error) or "All features are either constant" in str(error)
        return
    assert_compiled_is_the_estimator(algorithm, fitted, X)


@BOTH
def test_saved_trees_predict_the_same(algorithm):
    X, y = data(algorithm.objective)
    fitted = algorithm.fit(algorithm.check(SMALL), X, y)
    read = algorithm.load(algorithm.save(fitted))
    np.testing.assert_allclose(read.predict(X), fitted.predict(X), rtol=1e-14)
    if algorithm is CLASSIFICATION:
        np.testing.assert_allclose(read.predict_proba(X), fitted.predict_proba(X), rtol=1e-14)


def covers(predictor):
    """Return the cover of each tree's root, of each inner node, and what its children have together."""
    nodes = np.ascontiguousarray(predictor.tensors["nodes"]).view(forest.NODE)
    roots = predictor.tensors["trees"]
    cover = np.array(predictors.evaluator(predictor.to_bytes()).cover)
    inner = np.flatnonzero(nodes["feature"] < LEAF)
    left = roots[np.searchsorted(roots, inner, side="right") - 1] + nodes["left"][inner]
    return cover[roots[:-1]], cover[inner], cover[left] + cover[left + 1]


@BOTH
@pytest.mark.parametrize("grow_policy", ["Depthwise", "Lossguide"])
@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 99))
def test_nodes_know_how_many_rows_reached_them(algorithm, grow_policy, seed):
    X, y = data(algorithm.objective, seed)
    fitted = algorithm.fit(algorithm.check({**SMALL, "grow_policy": grow_policy}), X, y)
    root, parent, children = covers(algorithm.compile(fitted))
    np.testing.assert_array_equal(root, len(X))
    np.testing.assert_array_equal(parent, children)


@BOTH
@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 99))
def test_leaves_of_symmetric_trees_know_how_many_rows_reached_them(algorithm, seed):
    X, y = data(algorithm.objective, seed)
    predictor = algorithm.compile(algorithm.fit(algorithm.check(SMALL), X, y))
    cover = np.array(predictors.evaluator(predictor.to_bytes()).cover)
    first = np.concatenate([[0], np.cumsum(2 ** predictor.tensors["depths"])[:-1]])
    np.testing.assert_array_equal(np.add.reduceat(cover, first), len(X))


@BOTH
def test_importances_are_the_library_s_own(algorithm):
    X, y = data(algorithm.objective)
    fitted = algorithm.fit(algorithm.check(SMALL), X, y)
    evaluator = predictors.evaluator(algorithm.compile(fitted).to_bytes())
    np.testing.assert_allclose(evaluator.importances, fitted.library.feature_importances_ / 100, rtol=1e-9)


def test_a_model_without_the_weights_of_its_leaves_has_no_cover():
    X, y = data("regression")
    described = copy.deepcopy(REGRESSION.fit(REGRESSION.check(SMALL), X, y).described)
    del described["oblivious_trees"][0]["leaf_weights"]
    assert "cover" not in trees.compiled(described).tensors


def test_stops_early():
    X, y = data("regression", rows=400)
    stopping = {"early_stopping_rounds": 3, "iterations": 300, "learning_rate": 0.5}
    fitted = REGRESSION.fit(REGRESSION.check(stopping), X, y)
    assert fitted.library.tree_count_ == fitted.library.best_iteration_ + 1 < 300
    assert_compiled_is_the_estimator(REGRESSION, fitted, X)


def test_a_target_that_is_the_same_everywhere_is_predicted():
    X, y = data("regression")
    fitted = REGRESSION.fit(REGRESSION.check(SMALL), X, np.full_like(y, 1))
    np.testing.assert_allclose(fitted.predict(X), 1)
    assert_compiled_is_the_estimator(REGRESSION, fitted, X)


def test_a_damaged_model_is_refused():
    X, y = data("regression")
    saved = REGRESSION.save(REGRESSION.fit(REGRESSION.check(SMALL), X, y))
    for damage in (
        lambda text: text.replace(b'"float_feature_index": ', b'"float_feature_index": 9', 1),
        lambda text: text.replace(b'"leaf_values": [', b'"leaf_values": [1, ', 1),
        lambda text: text.replace(b'"FloatFeature"', b'"OneHotFeature"', 1),
        lambda text: text.replace(b'"RMSE"', b'"QueryRMSE"'),
        lambda text: text.replace(b'"scale_and_bias": [1, [', b'"scale_and_bias": [1, [1, '),
        lambda text: text[: len(text) // 2],
        lambda text: b"[]",
        lambda text: b"",
    ):
        with pytest.raises(CorruptPredictor, match="the saved catboost model is not sound"):
            REGRESSION.load(damage(saved))


def test_categories_are_not_compiled():
    X = np.array([["a", 1.0], ["b", 2.0]] * 20, dtype=object)
    library = catboost.CatBoostRegressor(iterations=3, silent=True, allow_writing_files=False)
    boosted = BoostedRegression()
    boosted.library = library.fit(X, np.arange(40), cat_features=[0])
    with pytest.raises(NotCompilable):
        REGRESSION.compile(boosted)


@BOTH
def test_training_warns_of_nothing_and_leaves_nothing(algorithm, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = data(algorithm.objective, rows=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = algorithm.fit(algorithm.check({"iterations": 50}), X, y)
        fitted.predict(X)
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())
