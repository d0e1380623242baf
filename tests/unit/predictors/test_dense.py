"""Dense predictors against scikit-learn's perceptron and a few lines of numpy."""

from __future__ import annotations

import numpy as np
import pytest
from agreement import answers, assert_agreement, evaluators
from sklearn.neural_network import MLPClassifier, MLPRegressor

from pgml.predictors.build import dense


def layers(fitted) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(weights.T, bias) for weights, bias in zip(fitted.coefs_, fitted.intercepts_)]


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_perceptrons(activation, data):
    settings = {"activation": activation, "hidden_layer_sizes": (17, 6), "max_iter": 30, "random_state": 0}
    rows = data.rows / data.rows.std(axis=0)
    fitted = MLPRegressor(**settings).fit(rows, data.number)
    assert_agreement(dense.predictor(layers(fitted), activation=activation), fitted, rows, atol=1e-10)
    for kind, output in (("two", "logistic"), ("three", "softmax")):
        fitted = MLPClassifier(**settings).fit(rows, data.target(kind))
        predictor = dense.predictor(layers(fitted), activation=activation, output=output, classes=fitted.classes_)
        assert_agreement(predictor, fitted, rows)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
def test_single_precision(activation):
    random = np.random.default_rng(0)
    shapes = [(4, 9), (9, 5), (5, 1)]
    network = [(random.normal(size=(b, a)).astype("f4"), random.normal(size=b).astype("f4")) for a, b in shapes]
    rows = random.normal(size=(37, 4))
    functions = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh, "logistic": lambda v: 1 / (1 + np.exp(-v))}
    values = rows.astype("f4")
    for depth, (weights, bias) in enumerate(network):
        values = values @ weights.T + bias
        values = values if depth == 2 else functions[activation](values)
    for evaluator in evaluators(dense.predictor(network, activation=activation)):
        np.testing.assert_allclose(answers(evaluator, rows)[0], values[:, 0], rtol=2e-5, atol=2e-6)
        assert all(value == np.float32(value) for value in answers(evaluator, rows)[0])


def test_layers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="layer 1"):
        dense.predictor([(np.zeros((3, 2)), np.zeros(3)), (np.zeros((1, 2)), np.zeros(1))])
    with pytest.raises(ValueError, match="float32"):
        dense.predictor([(np.zeros((1, 2), "f4"), np.zeros(1))])
