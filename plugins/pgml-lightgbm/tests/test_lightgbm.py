"""Whether pgml-lightgbm keeps pgml's rules, declares all of LightGBM's parameters, and compiles what it trains."""

from __future__ import annotations

import warnings

import lightgbm
import numpy as np
import pgml_lightgbm
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgml_lightgbm import trees

from pgml import predictors
from pgml.errors import CorruptPredictor, InvalidHyperparameter
from pgml.plugin.checks import CHECKS
from pgml.predictors import NotCompilable
from pgml.predictors.build import forest
from pgml.predictors.read.format import LEAF

REGRESSION, CLASSIFICATION = pgml_lightgbm.pgml_algorithms()
BOTH = pytest.mark.parametrize("algorithm", [REGRESSION, CLASSIFICATION], ids=repr)
SMALL = {"n_estimators": 8, "min_child_samples": 2, "n_jobs": 1}

# Numbers where rounding, zero and missing values could go astray.
AWKWARD = [
    0.0,
    -0.0,
    np.nan,
    1e-35,
    -1e-35,
    float(np.float32(1e-35)),
    -float(np.float32(1e-35)),
    1e-36,
    5e-324,
]
AWKWARD += [1e-300, -1e300, 1e300, 0.1, float(np.float32(0.1)), 1.0, -1.0]


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
    thresholds = np.concatenate(
        [tree.threshold for tree in trees.parse(fitted.booster_.model_to_string()).trees]
    )
    near = np.concatenate(
        [thresholds, np.nextafter(thresholds, np.inf), np.nextafter(thresholds, -np.inf), AWKWARD]
    )
    near = near[~np.isinf(near)]
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


@BOTH
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_keeps_the_rules(algorithm, check):
    check(algorithm)


@BOTH
def test_every_parameter_is_declared_or_left_out(algorithm):
    declared = {each.name for each in algorithm.hyperparameters} | set(algorithm.left_out)
    aliases = lightgbm.basic._ConfigAliases._get_all_param_aliases()
    unspoken = [name for name, others in aliases.items() if declared.isdisjoint([name, *others])]
    assert not unspoken
    assert set(lightgbm.LGBMRegressor().get_params()) <= declared


def values(algorithm):
    """Hyperparameters of all kinds, from what is declared."""
    smaller = {
        "n_estimators": st.integers(1, 8),
        "n_jobs": st.just(1),
        "subsample_for_bin": st.integers(20, 400),
    }
    kinds = {each.name: smaller.get(each.name, strategy(each)) for each in algorithm.hyperparameters}
    fixed = {name: kinds.pop(name) for name in ("n_estimators", "min_child_samples")}
    return st.fixed_dictionaries(fixed, optional=kinds)


def strategy(declared):
    kind = declared.kind
    if kind.type == "boolean":
        return st.booleans()
    if kind.choices:
        return st.sampled_from(kind.choices)
    if declared.name == "monotone_constraints":
        return st.lists(st.integers(-1, 1), min_size=4, max_size=4)
    if declared.name == "interaction_constraints":
        return st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=3), min_size=1, max_size=3)
    low = kind.minimum if kind.minimum is not None else 0.01
    if kind.type == "integer":
        return st.integers(int(low), int(min(kind.maximum or 300, 300)))
    return st.floats(
        low, min(x for x in (kind.maximum, getattr(kind, "below", None), 3.0) if x is not None) - 1e-3
    )


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
    assert_compiled_is_the_estimator(algorithm, fitted, X)


@BOTH
def test_saved_trees_predict_the_same(algorithm):
    X, y = data(algorithm.objective)
    fitted = algorithm.fit(algorithm.check(SMALL), X, y)
    read = algorithm.load(algorithm.save(fitted))
    np.testing.assert_array_equal(read.predict(X), fitted.predict(X))
    if algorithm is CLASSIFICATION:
        np.testing.assert_array_equal(read.predict_proba(X), fitted.predict_proba(X))
    assert algorithm.compile(read).to_bytes() == algorithm.compile(fitted).to_bytes()


def covers(predictor):
    """Return the cover of each tree's root, of each inner node, and what its children have together."""
    nodes = np.ascontiguousarray(predictor.tensors["nodes"]).view(forest.NODE)
    roots = predictor.tensors["trees"]
    cover = np.array(predictors.evaluator(predictor.to_bytes()).cover)
    inner = np.flatnonzero(nodes["feature"] < LEAF)
    left = roots[np.searchsorted(roots, inner, side="right") - 1] + nodes["left"][inner]
    return cover[roots[:-1]], cover[inner], cover[left] + cover[left + 1]


@BOTH
@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 99), st.integers(2, 4))
def test_nodes_know_how_many_rows_reached_them(algorithm, seed, classes):
    X, y = data(algorithm.objective, seed, classes=classes)
    fitted = algorithm.fit(algorithm.check(SMALL), X, y)
    root, parent, children = covers(algorithm.compile(fitted))
    np.testing.assert_array_equal(root, len(X))
    np.testing.assert_array_equal(parent, children)


@BOTH
def test_importances_are_the_library_s_gains(algorithm):
    X, y = data(algorithm.objective)
    fitted = algorithm.fit(algorithm.check(SMALL), X, y)
    gains = fitted.booster_.feature_importance("gain")
    evaluator = predictors.evaluator(algorithm.compile(fitted).to_bytes())
    np.testing.assert_allclose(evaluator.importances, gains / gains.sum(), rtol=1e-5)


def test_stops_early():
    X, y = data("regression", rows=400)
    stopping = {"early_stopping_rounds": 3, "n_estimators": 300, "learning_rate": 0.5}
    fitted = REGRESSION.fit(REGRESSION.check(stopping), X, y)
    assert len(trees.parse(fitted.booster_.model_to_string()).trees) == fitted.best_iteration_ < 300
    assert_compiled_is_the_estimator(REGRESSION, fitted, X)


def test_a_damaged_model_is_refused():
    X, y = data("regression")
    saved = REGRESSION.save(REGRESSION.fit(REGRESSION.check(SMALL), X, y))
    for damage in (
        lambda text: text.replace(b"left_child=", b"left_child=999 ", 1),
        lambda text: text.replace(b"split_feature=", b"split_feature=9", 1),
        lambda text: text.replace(b"num_leaves=", b"num_leaves=9", 1),
        lambda text: text.replace(b"objective=regression", b"objective=lambdarank", 1),
        *(lambda text, size=size: text[: len(text) * size // 20] for size in range(1, 9)),
        lambda text: b"",
        lambda text: b"\xff" + text,
    ):
        with pytest.raises(CorruptPredictor, match="the saved lightgbm model is not sound"):
            REGRESSION.load(damage(saved))


@pytest.mark.parametrize("unsupported", [{"zero_as_missing": True}, {"linear_tree": True}], ids=str)
def test_what_no_forest_holds_is_not_compiled(unsupported):
    X, y = data("regression")
    model = lightgbm.LGBMRegressor(n_estimators=3, verbosity=-1, **unsupported).fit(np.nan_to_num(X), y)
    with pytest.raises(NotCompilable):
        REGRESSION.compile(model)
    with pytest.raises(InvalidHyperparameter, match=next(iter(unsupported))):
        REGRESSION.check(unsupported)


@BOTH
def test_training_warns_of_nothing(algorithm, capfd):
    X, y = data(algorithm.objective, rows=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = algorithm.fit(algorithm.check({}), X, y)
        fitted.predict(X)
    assert capfd.readouterr() == ("", "")
