"""What algorithms are called elsewhere: each name leads to one that there is, for the objective that was asked for."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pgml.errors import UnknownAlgorithm
from pgml.plugin.objective import OBJECTIVES
from pgml.plugin.other_names import ENDINGS, OTHER_NAMES, explanation
from pgml.plugin.registry import BUILT_IN, Failure, Plugin, Provided, Registry, find_plugins
from pgml.spelling import spelling

PACKAGES = {"pgml-baseline", "pgml-catboost", "pgml-lightgbm", "pgml-torch"}
# what scikit-learn's estimators are called here
LIBRARY = {
    "LinearRegression": "linear", "LogisticRegression": "linear", "LogisticRegressionCV": "linear", "Ridge": "ridge",
    "RidgeCV": "ridge", "RidgeClassifier": "ridge", "RidgeClassifierCV": "ridge", "Lasso": "lasso", "LassoCV": "lasso",
    "ElasticNet": "elastic_net", "ElasticNetCV": "elastic_net", "Lars": "least_angle", "LarsCV": "least_angle",
    "LassoLars": "lasso_least_angle", "LassoLarsCV": "lasso_least_angle", "LassoLarsIC": "lasso_least_angle",
    "OrthogonalMatchingPursuit": "orthogonal_matching_pursuit", "ARDRegression": "automatic_relevance_determination",
    "OrthogonalMatchingPursuitCV": "orthogonal_matching_pursuit", "BayesianRidge": "bayesian_ridge",
    "SGDRegressor": "stochastic_gradient_descent", "SGDClassifier": "stochastic_gradient_descent",
    "Perceptron": "perceptron", "PassiveAggressiveRegressor": "passive_aggressive",
    "PassiveAggressiveClassifier": "passive_aggressive", "RANSACRegressor": "ransac", "TheilSenRegressor": "theil_sen",
    "HuberRegressor": "huber", "QuantileRegressor": "quantile", "KernelRidge": "kernel_ridge", "SVC": "svm", "SVR": "svm",
    "NuSVC": "nu_svm", "NuSVR": "nu_svm", "LinearSVC": "linear_svm", "LinearSVR": "linear_svm",
    "GaussianProcessRegressor": "gaussian_process", "GaussianProcessClassifier": "gaussian_process",
    "RandomForestRegressor": "random_forest", "RandomForestClassifier": "random_forest",
    "ExtraTreesRegressor": "extra_trees", "ExtraTreesClassifier": "extra_trees", "BaggingRegressor": "bagging",
    "BaggingClassifier": "bagging", "AdaBoostRegressor": "ada_boost", "AdaBoostClassifier": "ada_boost",
    "GradientBoostingRegressor": "gradient_boosting_trees", "GradientBoostingClassifier": "gradient_boosting_trees",
    "HistGradientBoostingRegressor": "hist_gradient_boosting", "XGBRegressor": "xgboost", "XGBClassifier": "xgboost",
    "HistGradientBoostingClassifier": "hist_gradient_boosting", "DecisionTreeRegressor": "random_forest",
    "DecisionTreeClassifier": "random_forest", "KNeighborsRegressor": "svm", "KNeighborsClassifier": "svm",
}  # fmt: skip
ENTRIES = [(entry, name) for entry in OTHER_NAMES for name in entry.names.split(", ")]


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The built-in algorithms, whatever is installed besides."""
    loaded = find_plugins().algorithms.items()
    return Registry({pair: provided for pair, provided in loaded if provided.plugin.name == BUILT_IN})


def hint(registry: Registry, name: str, objective: str) -> str:
    with pytest.raises(UnknownAlgorithm) as refused:
        registry.find(name, objective)
    return refused.value.hint


def suggested(said: str) -> list[str]:
    """Return the names that a hint tells to take."""
    return re.findall(r'is called "(\w+)" here|closest to it is "(\w+)"|did you mean "(\w+)"', said.partition("; the choices")[0])


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("entry", "name"), ENTRIES, ids=str)
def test_nothing_is_suggested_that_there_is_not(registry, entry, name, objective):
    said = hint(registry, name, objective)
    there = {algorithm for algorithm, known in registry.algorithms if known == objective}
    assert {each for names in suggested(said) for each in names if each} <= there
    if entry.package:
        assert said.startswith(f'"{name}" is in a plugin: pip install {entry.package} where pgml is installed')
    elif entry.here in there and objective in (entry.objectives or OBJECTIVES):
        assert f'"{entry.here}"' in said.partition("; the choices")[0]
    elif entry.instead:
        assert "the closest to it" not in said
    else:
        assert said.startswith(f'"{name}" is for ') and f', where it is called "{entry.here}"; ' in said


def test_every_name_stands_in_the_table_once(registry):
    names = [spelling(name) for _, name in ENTRIES]
    assert len(set(names)) == len(names)
    assert not set(names) & {spelling(name) for name, _ in registry.algorithms}, "it is its own name here"
    shorter = {name.removesuffix(ending) for name in names for ending in ENDINGS if name.endswith(ending)}
    assert not shorter & set(names), "it is found without its ending"


def test_every_algorithm_of_the_table_is_there_or_in_a_package(registry):
    built_in = {name for name, _ in registry.algorithms}
    for entry in OTHER_NAMES:
        assert entry.package in PACKAGES if entry.here not in built_in else not entry.package
        assert set(entry.objectives) <= set(OBJECTIVES)
        for objective in entry.objectives or OBJECTIVES:
            if entry.hyperparams and (entry.here, objective) in registry.algorithms:
                registry.find(entry.here, objective).algorithm.check(entry.hyperparams)


@pytest.mark.parametrize(("name", "here"), LIBRARY.items())
def test_the_librarys_names(registry, name, here):
    objectives = [objective for objective in OBJECTIVES if (here, objective) in registry.algorithms]
    assert any(f'"{here}"' in hint(registry, name, objective).partition("; the choices")[0] for objective in objectives)


@pytest.mark.parametrize("name", ["random-forest", "Random Forest", "RANDOM_FOREST", "randomForest", "randomforestclassifier"])
def test_spellings_that_count_as_one(registry, name):
    assert hint(registry, name, "classification").startswith(f'"{name}" is called "random_forest" here; the choices are')


def test_an_alias_leads_to_the_algorithm_too(registry):
    said = hint(registry, "Orthoganl Matching Pursuit", "regression")
    assert said.startswith('"Orthoganl Matching Pursuit" is called "orthogonal_matching_pursuit" here; ')


@pytest.mark.parametrize(
    ("name", "objective", "said"),
    [
        ("logistic_regression", "classification", '"logistic_regression" is called "linear" here; '),
        ("logistic_regression", "regression", '"logistic_regression" is for classification, where it is called "linear"; '),
        ("Lars", "classification", '"Lars" is for regression, where it is called "least_angle"; '),
        ("cart", "regression", '"cart" is called "random_forest" here, with the hyperparams {"n_estimators": 1, '),
        ("naive_bayes", "regression", "the choices are: "),
        ("knn", "regression", 'there is no "knn" here; the closest to it is "svm", which '),
    ],
)
def test_what_is_said(registry, name, objective, said):
    assert hint(registry, name, objective).startswith(said)


def test_a_tree_is_a_forest_of_one(registry):
    from sklearn.tree import DecisionTreeRegressor

    (entry,) = [entry for entry, name in ENTRIES if name == "decision tree"]
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 5))
    y = X[:, 0] * X[:, 1] + random.normal(size=200)
    algorithm = registry.find(entry.here, "regression").algorithm
    ours = algorithm.fit(algorithm.check(entry.hyperparams), X, y)
    assert np.array_equal(ours.predict(X), DecisionTreeRegressor(random_state=0).fit(X, y).predict(X))


def test_what_a_plugin_brings_is_a_name_like_others_once_it_is_installed():
    def named(name: str):
        algorithm = find_plugins().find("linear", "regression").algorithm.__class__()
        algorithm.name = name
        return algorithm

    registry = Registry()
    registry.add_algorithm(named("linear"), Plugin(BUILT_IN, "1.0"))
    assert "pip install pgml-lightgbm" in hint(registry, "LGBMRegressor", "regression")
    registry.add_algorithm(named("lightgbm"), Plugin("pgml-lightgbm", "1.0"))
    assert hint(registry, "LGBMRegressor", "regression").startswith('"LGBMRegressor" is called "lightgbm" here; ')
    registry.failures.append(Failure(Plugin("pgml-catboost", "1.0"), "it cannot be imported"))
    said = hint(registry, "catboost", "regression")
    assert said.startswith('"catboost" is in the plugin pgml-catboost, which could not be used; ')
    assert "install" not in said


def test_an_objective_that_a_plugin_is_not_for_does_not_lead_to_it(registry):
    algorithms = {pair: pair[:1] for pair in registry.algorithms} | {("k_means", "clustering"): ("k_means",)}
    assert explanation("lightgbm", "clustering", algorithms) == ""
    assert explanation("K-Means", "clustering", algorithms) == '"K-Means" is called "k_means" here'


def test_no_name_is_too_long(registry):
    with pytest.raises(UnknownAlgorithm) as refused:
        registry.find("regression" * 100_000, "regression")
    assert len(refused.value.message) < 150 and "..." in refused.value.message
    assert isinstance(next(iter(registry.algorithms.values())), Provided)
