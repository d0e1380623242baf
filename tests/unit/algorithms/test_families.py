"""What single algorithms promise beyond what is asked of all."""

import warnings

import numpy as np
import pytest
import skops.io

from pgml.errors import CorruptPredictor, PluginError
from pgml.plugin.registry import find_plugins

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 4))
NUMBERS = X @ [3.0, -2.0, 0.0, 1.0] + RANDOM.normal(scale=0.2, size=120)
THREE = (np.argsort(np.argsort(NUMBERS)) * 3 // 120).astype(np.int64)


def algorithm(name, objective):
    return find_plugins().find(name, objective).algorithm


def fit(name, objective, hyperparameters, X=X, y=NUMBERS):
    found = algorithm(name, objective)
    return found.fit(found.check(hyperparameters), X, y)


@pytest.mark.parametrize("loss, classic", [("hinge", "hinge"), ("squared_hinge", "squared_hinge")])
def test_passive_aggressive_classification_is_the_one_of_old(loss, classic):
    linear_model = pytest.importorskip("sklearn.linear_model")
    if not hasattr(linear_model, "PassiveAggressiveClassifier"):
        pytest.skip("scikit-learn has given it up")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        old = linear_model.PassiveAggressiveClassifier(loss=classic, C=0.1, random_state=0).fit(X, THREE)
    new = fit("passive_aggressive", "classification", {"loss": loss, "C": 0.1}, y=THREE)
    np.testing.assert_array_equal(new.coef_, old.coef_)


def test_passive_aggressive_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit("passive_aggressive", "classification", {}, y=THREE)
        fit("passive_aggressive", "regression", {})


def test_no_default_is_one_that_a_library_gives_up():
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        warnings.simplefilter("error", DeprecationWarning)
        for (name, objective), provided in find_plugins().algorithms.items():
            if provided.plugin.name == "pgml-core":
                small = {"n_estimators": 3} if "n_estimators" in provided.algorithm.check({}) else {}
                fit(name, objective, small, y=NUMBERS if objective == "regression" else THREE)


def test_least_angle_ends_at_least_squares():
    collinear = np.column_stack([X, X[:, 0] + X[:, 1] + RANDOM.normal(scale=0.01, size=120)])
    least_squares = fit("linear", "regression", {}, X=collinear)
    stepwise = fit("least_angle", "regression", {}, X=collinear)
    assert stepwise.score(collinear, NUMBERS) > 0.99 * least_squares.score(collinear, NUMBERS)


def test_ransac_fits_a_target_that_is_the_same_in_most_rows():
    counts = np.where(np.arange(120) < 100, 0.0, 5.0)
    assert np.isfinite(fit("ransac", "regression", {}, y=counts).predict(X)).all()


def test_svm_gives_probabilities_where_they_are_asked_for():
    assert not hasattr(fit("svm", "classification", {}, y=THREE), "predict_proba")
    probabilities = fit("svm", "classification", {"probability": True}, y=THREE).predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_processes_of_pairs_have_no_probabilities():
    fitted = fit("gaussian_process", "classification", {"multi_class": "one_vs_one"}, y=THREE)
    assert not hasattr(fitted, "predict_proba")
    assert algorithm("gaussian_process", "classification").compile(fitted).output == "gaussian_process_votes"


def test_an_anisotropic_process_has_a_length_scale_for_each_feature():
    fitted = fit("gaussian_process", "regression", {"anisotropic": True})
    lengths = fitted.kernel_.k1.k2.length_scale
    assert len(lengths) == 4
    assert lengths[2] > 10 * lengths[0]  # the third feature has nothing to do with the target


@pytest.mark.parametrize("objective", ["regression", "classification"])
def test_xgboost_stops_early_on_rows_that_it_holds_out(objective):
    y = NUMBERS if objective == "regression" else THREE
    fitted = fit("xgboost", objective, {"n_estimators": 500, "early_stopping_rounds": 3, "max_depth": 2}, y=y)
    assert fitted.best_iteration < 490
    loaded = algorithm("xgboost", objective).load(algorithm("xgboost", objective).save(fitted))
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


@pytest.mark.parametrize("booster", ["gbtree", "dart", "gblinear"])
def test_xgboost_is_not_given_the_settings_of_another_booster(booster, capfd):
    fit(
        "xgboost",
        "regression",
        {"booster": booster, "rate_drop": 0.1, "top_k": 1, "max_depth": 3, "n_estimators": 3},
    )
    printed = capfd.readouterr()
    assert "not used" not in printed.out + printed.err


def test_a_feature_without_values_is_no_obstacle():
    holes = X.copy()
    holes[:, 1] = np.nan
    for name in ("hist_gradient_boosting", "random_forest", "extra_trees", "bagging", "xgboost"):
        assert np.isfinite(fit(name, "regression", {}, X=holes).predict(holes)).all()


@pytest.mark.parametrize("name", ["random_forest", "extra_trees", "bagging", "hist_gradient_boosting"])
def test_more_processors_train_the_same_model(name):
    found = algorithm(name, "regression")
    hyperparameters = {"n_jobs": 2} if "n_jobs" in found.check({}) else {}
    one, two = (found.compile(fit(name, "regression", each)).to_bytes() for each in ({}, hyperparameters))
    assert one == two


def damaged(tree_field, value):
    """Return a saved forest whose first tree has been changed in one place."""
    forest = fit("random_forest", "regression", {"n_estimators": 3})
    tree = forest.estimators_[0].tree_
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][tree_field][0] = value
    tree.__setstate__(state)
    return skops.io.dumps(forest)


@pytest.mark.parametrize(
    "field, value",
    [("left_child", 10**6), ("right_child", 0), ("left_child", -2), ("feature", 4), ("feature", -3)],
)
def test_a_saved_tree_that_leads_astray_is_refused(field, value):
    with pytest.raises(CorruptPredictor, match="random_forest"):
        algorithm("random_forest", "regression").load(damaged(field, value))


def test_a_saved_forest_in_parts_is_one_of_version_0_1():
    with pytest.raises(CorruptPredictor, match="version 0.1"):
        algorithm("random_forest", "regression").load(skops.io.dumps({"ensemble": None}))


def test_a_saved_model_holds_trusted_types_only():
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF

    process = skops.io.dumps(GaussianProcessRegressor(RBF()).fit(X, NUMBERS))
    with pytest.raises(PluginError, match="types that are not trusted: sklearn.gaussian_process.kernels.RBF"):
        algorithm("ridge", "regression").load(process)
