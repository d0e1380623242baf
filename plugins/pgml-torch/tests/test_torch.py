"""Whether pgml-torch keeps pgml's rules, learns, and compiles what it trains."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pgml_torch
import pytest
import skorch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris

from pgml import predictors
from pgml.errors import CorruptPredictor, InvalidHyperparameter
from pgml.plugin.checks import CHECKS

REGRESSION, CLASSIFICATION = pgml_torch.pgml_algorithms()
BOTH = pytest.mark.parametrize("algorithm", [REGRESSION, CLASSIFICATION], ids=repr)
SMALL = {"hidden_layer_sizes": [5, 3], "max_epochs": 3}


def data(objective, seed=0, rows=60, classes=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    y = X[:, 0] - X[:, 1] ** 2
    if objective == "classification":
        y = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
    return X, y


@BOTH
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_keeps_the_rules(algorithm, check):
    check(algorithm)


@pytest.mark.parametrize(
    ("algorithm", "library"),
    [(REGRESSION, skorch.NeuralNetRegressor), (CLASSIFICATION, skorch.NeuralNetClassifier)],
)
def test_every_parameter_is_declared_or_left_out(algorithm, library):
    of_the_net = set(inspect.signature(skorch.NeuralNet).parameters) - {"args", "kwargs"}
    of_the_kind = set(inspect.signature(library).parameters) - {"args", "kwargs"}
    declared = {each.name for each in algorithm.hyperparameters} | set(algorithm.left_out)
    assert of_the_net | of_the_kind <= declared


values = st.fixed_dictionaries(
    {
        "hidden_layer_sizes": st.lists(st.integers(1, 40), min_size=1, max_size=4),
        "max_epochs": st.integers(1, 4),
    },
    optional={
        "activation": st.sampled_from(["relu", "tanh", "logistic", "identity"]),
        "batch_size": st.integers(1, 100),
        "optimizer": st.sampled_from(["adam", "adamw", "sgd"]),
        "learning_rate": st.floats(1e-5, 0.1),
        "weight_decay": st.floats(0, 0.1),
        "dropout": st.floats(0, 0.9),
        "early_stopping_rounds": st.integers(1, 3),
        "random_state": st.integers(0, 2**32 - 1),
    },
)


@BOTH
@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(values, st.integers(0, 9), st.integers(2, 4), st.sampled_from([1.0, 1e-30, 1e6]))
def test_compiled_is_the_estimator(algorithm, chosen, seed, classes, factor):
    X, y = data(algorithm.objective, seed, classes=classes)
    fitted = algorithm.fit(algorithm.check(chosen), X, y)
    evaluator = predictors.evaluator(algorithm.compile(fitted).to_bytes())
    rows = X * factor
    served = np.asarray(evaluator.predict_batch(rows, len(rows)))
    if algorithm is REGRESSION:
        expected = fitted.predict(rows)
        np.testing.assert_allclose(served, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
        return
    probabilities = np.reshape(evaluator.predict_proba_batch(rows, len(rows)), (len(rows), -1))
    expected = fitted.predict_proba(rows)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-9, atol=1e-12)
    highest = np.sort(expected, axis=1)
    clear = highest[:, -1] - highest[:, -2] > 1e-12  # else rounding decides between the two
    assert (served == fitted.predict(rows))[clear].all()


def test_learns_the_progression_of_diabetes():
    X, y = load_diabetes(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    fitted = REGRESSION.fit(REGRESSION.check({}), X[::2], y[::2])
    assert np.mean((fitted.predict(X[1::2]) - y[1::2]) ** 2) < 0.7 * y.var()


def test_learns_the_kinds_of_iris():
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    fitted = CLASSIFICATION.fit(CLASSIFICATION.check({}), X[::2], y[::2])
    assert np.mean(fitted.predict(X[1::2]) == y[1::2]) > 0.9


def test_stops_early():
    X = data("regression", rows=200)[0]
    noise = np.random.default_rng(1).normal(size=200)
    late, early = (
        REGRESSION.fit(REGRESSION.check({"max_epochs": 200, "learning_rate": 0.01, **more}), X, noise)
        for more in ({}, {"early_stopping_rounds": 2})
    )
    assert early.predict(X).std() < 0.8 * late.predict(X).std(), "it does not learn all of the noise by heart"


def test_early_stopping_needs_rows_of_each_class():
    X, y = data("classification")
    y[:] = 0
    y[0] = 1
    with pytest.raises(InvalidHyperparameter, match="validation_fraction must leave rows of each class"):
        CLASSIFICATION.fit(CLASSIFICATION.check({"early_stopping_rounds": 3}), X, y)


@BOTH
def test_leaves_the_state_of_torch_alone(algorithm):
    X, y = data(algorithm.objective)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    algorithm.fit(algorithm.check(SMALL), X, y)
    assert torch.equal(torch.rand(3), expected)


def test_a_damaged_model_is_refused():
    X, y = data("regression")
    saved = REGRESSION.save(REGRESSION.fit(REGRESSION.check(SMALL), X, y))
    for damage in (
        lambda data: data.replace(b"relu", b"gelu"),
        lambda data: data.replace(b"weights_1", b"weights_7"),
        lambda data: data.replace(b"activation", b"activatiom"),
        lambda data: data.replace(b"[5,4]", b"[4,5]"),
        lambda data: data[:-8],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
    ):
        with pytest.raises(CorruptPredictor, match="the saved torch_perceptron model is not sound"):
            REGRESSION.load(damage(saved))


@BOTH
def test_training_warns_of_nothing(algorithm, capfd):
    X, y = data(algorithm.objective)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = algorithm.fit(algorithm.check({**SMALL, "early_stopping_rounds": 2}), X, y)
        fitted.predict(X)
    assert capfd.readouterr() == ("", "")
