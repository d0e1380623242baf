"""What each objective knows: its target, its predictions, its scores against their definitions, which is better."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest

import pgml
from pgml.engine.worker import Worker
from pgml.errors import UnknownObjective, UnusableData
from pgml.plugin import registry
from pgml.plugin.objective import OBJECTIVES, Objective, unknown_objective
from pgml.plugin.objective.regression import Regression
from pgml.predictors.build import linear
from pgml.spelling import spelling

REGRESSION, CLASSIFICATION = OBJECTIVES["regression"], OBJECTIVES["classification"]
regression_metrics, classification_metrics = REGRESSION.metrics, CLASSIFICATION.metrics
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_that_were_rounded_to_float32(dtype, recwarn):
    y = np.array([0, 1, 2, 0])
    probabilities = np.full((4, 3), 1 / 3 + 5e-8).astype(np.float32).astype(dtype)
    assert classification_metrics(y, y, probabilities)["log_loss"] == pytest.approx(np.log(3))
    assert not recwarn.list


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


@pytest.mark.parametrize("label", [2**53, -(2**53), 1e300])
def test_labels_that_cannot_be_told_apart(label):
    with pytest.raises(UnusableData, match="cannot be told from their neighbours"):
        CLASSIFICATION.read_target(np.array([1.0, 2.0, label]), "y")


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
        ("regression", 1.0, 1.0 + 1e-12, False),  # rounding
        ("regression", 1.0, 1.0 + 1e-7, True),
        ("classification", 0.9, 0.8, True),
        ("classification", 0.8, 0.9, False),
        ("classification", 0.8, 0.8, False),
        ("classification", 0.0, None, True),
        ("regression", None, 5.0, False),
        ("regression", None, None, False),
    ],
)
def test_which_is_better(objective, value, than, better):
    assert OBJECTIVES[objective].is_better(value, than) is better


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=repr)
def test_an_objective_agrees_with_itself(objective: Objective):
    """Its targets can be read, its naive predictions are predictions, and are scored by the key metric."""
    assert OBJECTIVES[objective.name] is objective
    targets = objective.example_targets(np.random.default_rng(0).normal(size=40))
    assert list(targets)[0] == "plain"
    for target in targets.values():
        y, classes = objective.read_target(target.astype(float), "y")
        objective.check_training_rows(y, classes, "y")
        predictions = objective.predictions(objective.naive_predictions(y), len(y), classes)
        scores = objective.metrics(y, predictions)
        assert isinstance(scores[objective.key_metric], float)
        told = objective.answers(predictions, classes)
        assert objective.difference(told, told) is None
        assert (objective.difference(told, objective.answers(y, classes)) is None) == (predictions == y).all()


# -- what is no target, and no prediction ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "said"),
    [([1.0, 0.5], '"y" holds 0.5'), ([7.0, 7.0], '"y" is 7 in every row'), ([-0.0, 0.0], '"y" is -0 in every row')],
)
def test_what_is_no_label(values, said):
    with pytest.raises(UnusableData) as refused:
        CLASSIFICATION.read_target(np.array(values), "y")
    assert said in refused.value.message


def test_labels_become_indices_and_labels_again():
    labels = np.array([9007199254740991.0, -3.0, 0.0, -3.0])
    y, classes = CLASSIFICATION.read_target(labels, "y")
    assert y.tolist() == [2, 0, 1, 0]
    assert np.array_equal(CLASSIFICATION.answers(y, classes), labels)


def test_a_label_that_nothing_can_be_learnt_from():
    with pytest.raises(UnusableData, match='the label 5 of "y" appears only in rows that are held back'):
        CLASSIFICATION.check_training_rows(np.array([0, 0, 2]), np.array([3.0, 5.0, 8.0]), "y")


@pytest.mark.parametrize(
    ("objective", "predicted", "said"),
    [
        (REGRESSION, [1.0], r"float64 of shape \(1,\) for 2 rows"),
        (REGRESSION, [[1.0, 2.0]], r"float64 of shape \(1, 2\) for 2 rows"),
        (REGRESSION, ["high", "low"], "<U4 of shape"),
        (REGRESSION, [1.0, np.inf], "^inf$"),
        (CLASSIFICATION, [0.0, np.nan], "^nan$"),
        (CLASSIFICATION, [0, 3], "the class 3 of 3"),
        (CLASSIFICATION, [0.5, 1], "the class 0.5 of 3"),
        (CLASSIFICATION, [0, -1], "the class -1 of 3"),
    ],
)
def test_what_is_no_prediction(objective, predicted, said):
    with pytest.raises(ValueError, match=said):
        objective.predictions(predicted, 2, [4.0, 5.0, 6.0] if objective is CLASSIFICATION else None)


def test_probabilities_are_of_every_class():
    class Sure:
        def predict_proba(self, X):
            return np.ones((len(X), 2))

    X = np.zeros((4, 1))
    assert CLASSIFICATION.probabilities(Sure(), X, [0.0, 1.0]).shape == (4, 2)
    assert CLASSIFICATION.probabilities(object(), X, [0.0, 1.0]) is None
    assert REGRESSION.probabilities(Sure(), X, None) is None
    with pytest.raises(ValueError, match=r"of shape \(4, 2\), all finite numbers of shape \(4, 3\) are needed"):
        CLASSIFICATION.probabilities(Sure(), X, [0.0, 1.0, 2.0])


def test_labels_are_the_same_or_they_are_not():
    """Two labels that are near each other as numbers are two labels."""
    labels = np.array([10_000_001.0, 10_000_002.0, 10_000_003.0])
    assert CLASSIFICATION.difference(labels, labels) is None
    assert CLASSIFICATION.difference(labels[[0, 1, 1]], labels) == "in 1 of 3 rows"
    assert REGRESSION.difference(labels[[0, 1, 1]], labels) is None
    assert REGRESSION.difference(np.array([1.5, 2.0]), np.array([1.0, 2.0])) == "by up to 0.5"


# -- names -------------------------------------------------------------------------------------------------------


def test_what_objectives_are_called_elsewhere():
    names = [spelling(name) for objective in OBJECTIVES.values() for name in (objective.name, *objective.other_names)]
    assert len(set(names)) == len(names)
    for objective in OBJECTIVES.values():
        for name in objective.other_names:
            hint = unknown_objective(name.replace("_", "-").upper()).hint
            assert f'is called "{objective.name}" here; the choices are: classification, regression' in hint
    assert unknown_objective("regresion").hint.startswith('did you mean "regression"? the choices are: ')
    assert unknown_objective("binary", {"regression": REGRESSION}).hint == "the choices are: regression"
    assert isinstance(unknown_objective("x" * 10_000), UnknownObjective)
    assert len(unknown_objective("x" * 10_000).message) < 150


def test_nothing_else_decides_by_the_name_of_an_objective():
    package = Path(pgml.__file__).parent
    own = (package / "plugin" / "objective", package / "algorithms")  # an algorithm knows what it is for
    files = [file for file in package.rglob("*.py") if not any(folder in file.parents for folder in own)]
    branches = re.compile(r"""([!=]=|\bin \(|\bin \[|\bin \{) *['"](regression|classification)['"]""")
    assert len(files) > 50
    assert not {file.name: found for file in files if (found := branches.findall(file.read_text()))}


# -- an objective that nobody knew -------------------------------------------------------------------------------


class Counting(Regression):
    """Regression on counts, which brings a metric of its own, of which more is better."""

    name = "counting"
    key_metric = "share_within_one"
    higher_is_better = True
    test_sampling = "last"
    prediction = "one count a row"

    def read_target(self, values, column):
        if (values < 0).any():
            raise UnusableData(f'"{column}" holds {values.min():g}; a count is not negative')
        return np.log1p(values), None

    def answers(self, predictions, classes):
        return np.expm1(predictions)

    def metrics(self, y, predictions, probabilities=None):
        return {"share_within_one": float((abs(y - predictions) <= 1).mean())}


class Mean:
    def fit(self, X, y):
        self.mean = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean)


class CountsByTheirMean(pgml.Algorithm):
    name, objective, summary = "mean", "counting", "The mean of the logarithms."

    def estimator(self):
        return Mean()

    def compile(self, fitted):
        return linear.predictor(np.zeros(1), fitted.mean, output="exp")

    def save(self, fitted):
        return struct.pack("d", fitted.mean)

    def load(self, saved):
        mean = Mean()
        (mean.mean,) = struct.unpack("d", saved)
        return mean


def test_an_objective_that_nobody_knew(monkeypatch):
    """Whatever depends on the objective asks it: the engine trains for one that it has never heard of."""
    monkeypatch.setattr(registry, "OBJECTIVES", {**OBJECTIVES, "counting": Counting()})
    worker = Worker()
    worker._registry.add_algorithm(CountsByTheirMean(), registry.Plugin("pgml-here", "1.0"))
    rows = [np.arange(20, dtype=">f8").tobytes(), np.full(20, 3, dtype=">f8").tobytes()]
    numbers = np.arange(1, 21, dtype=">f8").tobytes()

    def train(target: bytes):
        worker.do({"verb": "find", "algorithm": "mean", "objective": "counting", "hyperparameters": {}}, [])
        worker.do({"verb": "begin", "columns": [["x", None]], "target": "y", "row_count": 20}, [])
        worker.do({"verb": "rows"}, [numbers, rows[0], target])
        return worker.do({"verb": "train", "test_size": 0.25, "sampling": "last"}, [])

    (answer, predictor, *_) = train(rows[1])
    assert answer["result"]["metrics"]["share_within_one"] == 1
    # log1p(3) is what the estimator learns, and expm1 of it what is expected; the compiled one says exp
    assert "the compiled model differs from the estimator by up to 1, so" in answer["warnings"][0]
    loaded = pgml.predictors.evaluator(predictor)
    assert (loaded.family, loaded.objective) == ("uncompiled", "counting")
    unknown = {"verb": "hyperparameters", "algorithm": "mean", "objective": "counts"}
    assert 'did you mean "counting"?' in worker.do(unknown, [])[0]["error"]["hint"]
    assert "a count is not negative" in train(np.full(20, -1, dtype=">f8").tobytes())[0]["error"]["message"]
