"""What a library would fail at, or answer with an obscure message, is refused in the words of the declaration."""

import numpy as np
import pytest

from pgml.errors import InvalidHyperparameter, UnusableData
from pgml.plugin.registry import find_plugins

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
NUMBERS = X[:, 0] + RANDOM.normal(scale=0.1, size=40)
TWO = (NUMBERS > 0).astype(np.int64)
THREE = (np.argsort(np.argsort(NUMBERS)) * 3 // 40).astype(np.int64)
RARE = (np.arange(40) < 4).astype(np.int64)
ELEVEN = (np.argsort(np.argsort(-NUMBERS)) < 11).astype(np.int64)
LONELY = (np.arange(40) < 1).astype(np.int64)
HOLES = np.where(RANDOM.random(X.shape) < 0.2, np.nan, X)

REGRESSION, CLASSIFICATION = "regression", "classification"


def fit(name, objective, hyperparameters, X, y):
    algorithm = find_plugins().find(name, objective).algorithm
    return algorithm.fit(algorithm.check(hyperparameters), X, y)


TOGETHER = [
    ("linear", CLASSIFICATION, {"l1_ratio": 0.5}, "solver must be saga where l1_ratio is between 0 and 1"),
    ("linear", CLASSIFICATION, {"l1_ratio": 1}, "solver must be saga or liblinear where l1_ratio is 1"),
    ("linear", CLASSIFICATION, {"solver": "liblinear", "C": None}, "C must be a number"),
    ("linear", CLASSIFICATION, {"dual": True}, "solver must be liblinear"),
    ("ridge", REGRESSION, {"positive": True, "solver": "svd"}, "solver must be auto or lbfgs"),
    ("ridge", CLASSIFICATION, {"solver": "lbfgs"}, "positive must be true where solver is lbfgs"),
    ("random_forest", REGRESSION, {"bootstrap": False, "max_samples": 5}, "bootstrap must be true"),
    ("linear_svm", CLASSIFICATION, {"penalty": "l1", "loss": "hinge"}, "loss must be squared_hinge"),
    ("linear_svm", REGRESSION, {"dual": False}, "dual must be true or auto"),
    ("gaussian_process", REGRESSION, {"kernel": "dot_product", "anisotropic": True}, "kernel must be rbf or matern"),
    ("stochastic_gradient_descent", CLASSIFICATION, {"alpha": 0}, "alpha must be greater than 0"),
    ("xgboost", REGRESSION, {"tree_method": "exact", "max_depth": 0}, "max_depth at least 1"),
    ("xgboost", REGRESSION, {"booster": "gblinear", "early_stopping_rounds": 5}, "booster must be gbtree or dart"),
    ("xgboost", REGRESSION, {"sampling_method": "gradient_based"}, "sampling_method must be uniform"),
    ("xgboost", REGRESSION, {"objective": "reg:logistic", "base_score": 2}, "base_score must be between 0 and 1"),
]  # fmt: skip


@pytest.mark.parametrize("name, objective, hyperparameters, rule", TOGETHER)
def test_settings_that_do_not_go_together(name, objective, hyperparameters, rule):
    algorithm = find_plugins().find(name, objective).algorithm
    with pytest.raises(InvalidHyperparameter) as refused:
        algorithm.check(hyperparameters)
    assert refused.value.message.startswith(f"{name}: ")
    assert rule in refused.value.message


def test_the_message_names_the_algorithm_the_rule_and_the_values():
    with pytest.raises(InvalidHyperparameter) as refused:
        find_plugins().find("ridge", REGRESSION).algorithm.check({"positive": True, "solver": "svd"})
    assert refused.value.message == (
        'ridge: solver must be auto or lbfgs where positive is true, got solver "svd", positive true'
    )


WITH_DATA = [
    ("linear", CLASSIFICATION, {"solver": "liblinear"}, X, THREE, "solver must be another than liblinear"),
    ("random_forest", REGRESSION, {"monotonic_cst": [1]}, X, NUMBERS, "one number a feature"),
    ("random_forest", CLASSIFICATION, {"monotonic_cst": [1, 0, 0]}, X, THREE, "more than two classes"),
    ("random_forest", REGRESSION, {"criterion": "absolute_error"}, HOLES, NUMBERS, "values are missing"),
    ("extra_trees", REGRESSION, {"criterion": "poisson"}, X, NUMBERS, "must not be negative"),
    ("bagging", REGRESSION, {"max_features": 4}, X, NUMBERS, "at most the number of features"),
    ("bagging", CLASSIFICATION, {"max_samples": 50, "bootstrap": False}, X, TWO, "at most the number of rows"),
    ("gradient_boosting_trees", CLASSIFICATION, {"loss": "exponential"}, X, THREE, "loss must be log_loss"),
    ("gradient_boosting_trees", CLASSIFICATION, {"n_iter_no_change": 3}, X, LONELY, "rows of each class"),
    ("hist_gradient_boosting", REGRESSION, {"loss": "gamma"}, X, NUMBERS, "greater than 0 where loss is gamma"),
    ("hist_gradient_boosting", REGRESSION, {"interaction_cst": [[0, 3]]}, X, NUMBERS, "features from 0"),
    ("hist_gradient_boosting", CLASSIFICATION, {"early_stopping": True}, X, LONELY, "rows of each class"),
    ("nu_svm", CLASSIFICATION, {"nu": 0.5}, X, RARE, "nu must be at most twice"),
    ("nu_svm", CLASSIFICATION, {"nu": 22 / 40, "probability": True}, X, ELEVEN, "smaller for the classes' sizes in the folds"),
    ("svm", CLASSIFICATION, {"probability": True}, X, RARE, "calibration_folds must be at most"),
    ("orthogonal_matching_pursuit", REGRESSION, {"n_nonzero_coefs": 4}, X, NUMBERS, "number of features"),
    ("ransac", REGRESSION, {"min_samples": 41}, X, NUMBERS, "min_samples must be at most"),
    ("theil_sen", REGRESSION, {"n_subsamples": 2}, X, NUMBERS, "n_subsamples must be at least"),
    ("perceptron", CLASSIFICATION, {"early_stopping": True}, X, LONELY, "rows of each class"),
    ("xgboost", REGRESSION, {"monotone_constraints": [1]}, X, NUMBERS, "one number a feature"),
    ("xgboost", REGRESSION, {"objective": "count:poisson"}, X, NUMBERS, "must not be negative"),
    ("xgboost", REGRESSION, {"objective": "reg:logistic"}, X, NUMBERS, "between 0 and 1"),
    ("xgboost", REGRESSION, {"interaction_constraints": [[3]]}, X, NUMBERS, "features from 0"),
    ("xgboost", CLASSIFICATION, {"scale_pos_weight": 2}, X, THREE, "scale_pos_weight must be 1"),
    # and what only the library finds out
    ("ridge", CLASSIFICATION, {"solver": "sag", "fit_intercept": False}, np.zeros((40, 1)), TWO, "another than sag"),
    ("ridge", REGRESSION, {"solver": "saga", "fit_intercept": False, "alpha": 0}, X * 0, NUMBERS, "another than saga"),
    ("ransac", REGRESSION, {"residual_threshold": 1e-9, "min_samples": 30}, X, NUMBERS, "no line"),
    ("passive_aggressive", REGRESSION, {"C": 100, "loss": "squared_epsilon_insensitive"}, X / 1e9, NUMBERS,
     "C is too large"),
    ("stochastic_gradient_descent", REGRESSION, {"eta0": 1e300}, X, NUMBERS, "eta0 is too large"),
    ("gaussian_process", REGRESSION, {"kernel": "exp_sine_squared", "noise_level": None}, X, NUMBERS,
     "kernel exp_sine_squared does not suit"),
]  # fmt: skip


@pytest.mark.parametrize("name, objective, hyperparameters, X, y, rule", WITH_DATA)
def test_settings_that_do_not_suit_the_data(name, objective, hyperparameters, X, y, rule):
    with pytest.raises(InvalidHyperparameter) as refused:
        fit(name, objective, hyperparameters, X, y)
    assert refused.value.message.startswith(f"{name}: ")
    assert rule in refused.value.message


@pytest.mark.parametrize(
    "name, rule", [("ada_boost", "does no better"), ("nu_svm", "do not tell the classes apart")]
)
def test_features_that_say_nothing(name, rule):
    with pytest.raises(UnusableData, match=rule):
        fit(name, CLASSIFICATION, {}, np.zeros((40, 1)), np.arange(40) % 2)
