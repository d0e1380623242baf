"""What the built-in algorithms declare is complete, and true to their libraries."""

import inspect
import subprocess
import sys

import pytest

from pgml.errors import InvalidHyperparameter
from pgml.plugin.registry import find_plugins

# pgml's own choices, the same for all algorithms: a training can be repeated, and takes one processor
SAME_FOR_ALL = {"random_state", "n_jobs"}

BOTH = ("classification", "regression")
PAIRS = {
    "xgboost": BOTH,
    "ada_boost": BOTH,
    "bagging": BOTH,
    "extra_trees": BOTH,
    "gradient_boosting_trees": BOTH,
    "random_forest": BOTH,
    "hist_gradient_boosting": BOTH,
    "svm": BOTH,
    "nu_svm": BOTH,
    "linear_svm": BOTH,
    "linear": BOTH,
    "ridge": BOTH,
    "lasso": ("regression",),
    "elastic_net": ("regression",),
    "least_angle": ("regression",),
    "lasso_least_angle": ("regression",),
    "orthogonal_matching_pursuit": ("regression",),
    "bayesian_ridge": ("regression",),
    "automatic_relevance_determination": ("regression",),
    "stochastic_gradient_descent": BOTH,
    "perceptron": ("classification",),
    "passive_aggressive": BOTH,
    "ransac": ("regression",),
    "theil_sen": ("regression",),
    "huber": ("regression",),
    "quantile": ("regression",),
    "kernel_ridge": ("regression",),
    "gaussian_process": BOTH,
}


def library_parameters(algorithm):
    """Return the parameters of the estimator that the algorithm makes, and the library's default of each."""
    estimator = algorithm.estimator(**algorithm.check({}))
    parameters = inspect.signature(type(estimator).__init__).parameters
    return {
        name: parameters[name].default if name in parameters else None
        for name in estimator.get_params(deep=False)
    }


def test_every_pair_of_the_original_system_is_there():
    expected = {(name, objective) for name, objectives in PAIRS.items() for objective in objectives}
    registry = find_plugins()
    assert len(expected) == 43
    assert expected == {
        pair for pair, provided in registry.algorithms.items() if provided.plugin.name == "pgml-core"
    }


def test_the_original_spelling_is_an_alias():
    found = find_plugins().find("orthoganl_matching_pursuit", "regression")
    assert found.algorithm.name == "orthogonal_matching_pursuit"


def test_every_parameter_is_declared_or_left_out_with_a_reason(algorithm):
    declared = {each.name for each in algorithm.hyperparameters}
    forgotten = set(library_parameters(algorithm)) - declared - set(algorithm.left_out)
    assert not forgotten, "declare them, or give the reason in left_out"


def test_nothing_is_left_out_that_does_not_exist(algorithm):
    invented = set(algorithm.left_out) - set(library_parameters(algorithm))
    assert not invented


def test_what_is_left_out_is_refused_with_the_reason(algorithm):
    for name, reason in algorithm.left_out.items():
        with pytest.raises(
            InvalidHyperparameter, match=f"^{algorithm.name}: {name} cannot be set: "
        ) as refused:
            algorithm.check({name: None})
        assert reason in refused.value.message


def test_a_default_other_than_the_librarys_is_described_as_such(algorithm):
    if algorithm.name in ("xgboost", "passive_aggressive"):
        pytest.skip("its defaults are not in the signature of the estimator")
    library = library_parameters(algorithm)
    passed = algorithm.estimator(**algorithm.check({})).get_params(deep=False)
    for each in algorithm.hyperparameters:
        if each.name in library and each.name not in SAME_FOR_ALL and passed[each.name] != library[each.name]:
            assert "library" in each.description, f"{each.name}: {each.default!r}, not {library[each.name]!r}"


def test_xgboosts_defaults_are_its_own():
    """The defaults that are declared train the same model as no settings at all."""
    import numpy as np
    import xgboost

    random = np.random.default_rng(0)
    X = random.normal(size=(200, 4))
    y = X[:, 0] + random.normal(scale=0.1, size=200)
    algorithm = find_plugins().find("xgboost", "regression").algorithm
    ours = algorithm.fit(algorithm.check({}), X, y)
    theirs = xgboost.XGBRegressor(n_estimators=100).fit(X, y)
    assert np.array_equal(ours.predict(X), theirs.predict(X))


def test_whatever_is_random_takes_a_seed(algorithm):
    if "random_state" in library_parameters(algorithm):
        declared = {each.name: each for each in algorithm.hyperparameters}
        assert "random_state" in algorithm.left_out or declared["random_state"].default == 0


def test_listing_the_algorithms_imports_no_heavy_library():
    code = (
        "import sys; from pgml.plugin.registry import find_plugins; find_plugins(); "
        "print([name for name in ('numpy', 'sklearn', 'xgboost', 'scipy', 'skops', 'joblib') if name in sys.modules])"
    )
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == "[]"
