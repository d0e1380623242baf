"""What a training leaves behind: a predictor alone, or with it an estimator that was read back and tried."""

from __future__ import annotations

import numpy as np
import pytest

import pgml
from pgml import predictors
from pgml.engine.held import HeldModel
from pgml.engine.matrix import Matrix
from pgml.engine.saved_types import types_in
from pgml.engine.training import Training
from pgml.errors import CorruptPredictor, TrainingFailed
from pgml.plugin.registry import Plugin, Provided
from pgml.predictors.build import linear
from pgml.predictors.read.format import parse
from pgml.wire.packing import Column

TREE = ("sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64")
RANDOM = np.random.default_rng(0)


class Neighbours(pgml.Algorithm):
    name = "neighbours"
    objective = "regression"
    summary = "The mean of the nearest rows' targets."
    trusted_types = TREE
    scaled = True

    def estimator(self, **hyperparameters):
        from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

        return (KNeighborsRegressor if self.objective == "regression" else KNeighborsClassifier)()


class NeighboursClassification(Neighbours):
    objective = "classification"


class Mean(pgml.Algorithm):
    """Compiled; it must not be saved."""

    name = "mean"
    objective = "regression"
    summary = "The mean."

    def estimator(self):
        from sklearn.dummy import DummyRegressor

        return DummyRegressor()

    def compile(self, fitted):
        return linear.predictor(np.zeros(3), fitted.constant_.ravel())

    def save(self, fitted):
        raise AssertionError("a compiled model must not be saved")


def train(algorithm: pgml.Algorithm, rows: int = 80, labels: tuple = (3.0, 10_000_000.0, 10_000_001.0)):
    """Return the training, and what it returned."""
    X = RANDOM.normal(loc=5, scale=[1, 100, 0.01], size=(rows, 3))
    y = X[:, 0] if algorithm.objective == "regression" else np.array(labels)[np.arange(rows) % len(labels)]
    matrix = Matrix([Column("a"), Column("b"), Column("c")], "y", rows)
    matrix.fill([column.astype(">f8").tobytes() for column in (np.arange(1, rows + 1), *X.T, y)])
    training = Training(Provided(algorithm, Plugin("pgml-tests", "1")), {}, matrix)
    about, artifacts = training.run(0.25, "random" if algorithm.objective == "regression" else "stratified")
    return training, about, artifacts


def test_of_a_compiled_model_no_estimator_is_saved():
    _, about, (predictor, estimator, test_rows) = train(Mean())
    assert about["served_by"] == "backend"
    assert estimator == b"" and test_rows
    assert predictors.evaluator(predictor).family == "linear"


@pytest.mark.parametrize("algorithm", [Neighbours(), NeighboursClassification()], ids=lambda each: each.objective)
def test_a_model_left_to_the_engine_is_read_back_as_it_was(algorithm):
    training, about, (predictor, estimator, _) = train(algorithm)
    assert about["served_by"] == "engine"
    described, _ = parse(predictor)
    assert described["family"] == "uncompiled"
    assert described["settings"]["types"] == types_in(estimator) and TREE[0] in types_in(estimator)
    model = HeldModel(predictor, estimator, lambda: training.provided)
    X, y = training.matrix.X, training.matrix.y
    if algorithm.objective == "classification":
        assert set(model.predict(X)) <= set(y)
    else:
        assert np.corrcoef(model.predict(X), y)[0, 1] > 0.8


def test_a_file_of_other_types_is_not_read():
    import skops.io
    from sklearn.feature_extraction.text import CountVectorizer

    training, _, (predictor, _, _) = train(Neighbours())
    with pytest.raises(CorruptPredictor, match="CountVectorizer"):
        HeldModel(predictor, skops.io.dumps(CountVectorizer(input="filename")), lambda: training.provided)
    with pytest.raises(CorruptPredictor, match="not there"):
        HeldModel(predictor, b"", lambda: training.provided)


def test_models_of_version_0_1_are_read():
    """They call their family engine, and record no types."""
    training, _, (_, estimator, _) = train(Neighbours())
    old = predictors.Predictor("engine", 3, "value", {}, {"algorithm": "neighbours", "scores": 1}).to_bytes()
    model = HeldModel(old, estimator, lambda: training.provided)
    assert np.isfinite(model.predict(training.matrix.X)).all()


def test_a_model_that_its_own_load_refuses_is_not_saved():
    class Untrusted(Neighbours):
        trusted_types = ()

    with pytest.raises(TrainingFailed) as raised:
        train(Untrusted())
    assert raised.value.message.startswith(
        "neighbours (plugin pgml-tests) failed while reading back what it saved: the saved neighbours model holds types"
    )
    assert "trusted_types" in raised.value.hint


@pytest.mark.parametrize("base", [Neighbours, NeighboursClassification], ids=lambda each: each.objective)
def test_a_model_that_predicts_something_else_when_it_is_read_back_is_not_saved(base):
    class Forgetful(base):
        def load(self, saved):
            return super().load(saved).set_params(n_neighbors=1)

    with pytest.raises(TrainingFailed) as raised:
        train(Forgetful())
    assert "predicting with the model that was read back: it differs from the fitted one" in raised.value.message


def test_labels_that_are_near_each_other_are_not_the_same():
    """A compiled model that answers with the wrong one of two large labels is found out."""

    class Wrong(NeighboursClassification):
        def compile(self, fitted):
            return linear.predictor(np.zeros((3, 3)), [0.0, 1.0, 2.0], output="label", classes=range(3))

    with pytest.warns(UserWarning, match="differs from the estimator in [0-9]+ of 20 rows"):
        _, about, (_, estimator, _) = train(Wrong(), labels=(1e7, 1e7 + 1, 1e7 + 2))
    assert about["served_by"] == "engine" and estimator
