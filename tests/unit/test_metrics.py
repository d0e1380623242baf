"""Scores against their definitions, and which of two is better."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pgml.engine.metrics import KEY_METRICS, classification_metrics, is_better, regression_metrics

PLAIN = {"f1", "precision", "recall", "accuracy"}


def test_regression_by_hand():
    scores = regression_metrics(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0]))
    assert scores == pytest.approx(
        {
            "mean_squared_error": 5 / 3,
            "root_mean_squared_error": (5 / 3) ** 0.5,
            "mean_absolute_error": 1.0,
            "r2": -1.5,
        }
    )


def test_classification_by_hand():
    y_true, y_pred = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, 1, 0, 2])
    scores = classification_metrics(y_true, y_pred)
    assert scores == pytest.approx(
        {
            "precision": (1 / 2 + 2 / 3 + 1) / 3,
            "recall": (1 / 2 + 2 / 3 + 1) / 3,
            "f1": (1 / 2 + 2 / 3 + 1) / 3,
            "accuracy": 4 / 6,
        }
    )


def test_probabilities_of_two_classes():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.35, 0.65], [0.2, 0.8]])
    scores = classification_metrics(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), probabilities)
    assert scores["roc_auc"] == pytest.approx(3 / 4)
    assert scores["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.35, 0.8]).mean())


def test_probabilities_of_three_classes():
    y = np.array([0, 1, 2, 0])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.6, 0.2, 0.2]])
    scores = classification_metrics(y, y, probabilities)
    assert scores["roc_auc"] == 1 and scores["f1"] == 1
    assert scores["log_loss"] == pytest.approx(-np.log([0.8, 0.8, 0.8, 0.6]).mean())


def test_what_is_not_defined_is_none_and_the_rest_is_json():
    assert regression_metrics(np.array([1.0]), np.array([2.0]))["r2"] is None
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    scores = classification_metrics(np.array([0, 1]), np.array([0, 1]), probabilities)
    assert scores["roc_auc"] is None
    assert all(type(score) is float for name, score in scores.items() if name != "roc_auc")
    json.dumps(scores, allow_nan=False)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_endless_errors_are_none():
    assert regression_metrics(np.array([1e200, 1.0]), np.array([-1e200, 1.0]))["mean_squared_error"] is None


def test_scores_without_probabilities():
    assert set(classification_metrics(np.array([0, 1]), np.array([1, 0]))) == PLAIN


def test_labels_that_were_never_predicted_count():
    scores = classification_metrics(np.array([0, 0, 1]), np.array([0, 0, 0]))
    assert scores["precision"] == pytest.approx(1 / 3) and scores["recall"] == 0.5


@pytest.mark.parametrize(
    ("objective", "value", "than", "better"),
    [
        ("regression", 1.0, 2.0, True),
        ("regression", 2.0, 1.0, False),
        ("regression", 9.5, 10.5, True),
        ("regression", 1.0, 1.0, False),
        ("classification", 0.9, 0.8, True),
        ("classification", 0.8, 0.9, False),
        ("classification", 0.8, 0.8, False),
        ("classification", 0.0, None, True),
        ("regression", None, 5.0, False),
        ("regression", None, None, False),
    ],
)
def test_which_is_better(objective, value, than, better):
    assert is_better(objective, value, than) is better


def test_the_key_metrics_are_among_the_scores():
    y = np.array([0, 1])
    assert KEY_METRICS["regression"][0] in regression_metrics(y, y)
    assert KEY_METRICS["classification"][0] in classification_metrics(y, y)
