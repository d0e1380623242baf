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
from pgml.errors import CorruptPredictor, TrainingFailed, UnknownAlgorithm, UnusableData
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


class Guess:
    """Least squares, or the sign of the first feature, on what ``seen`` makes of the rows."""

    def __init__(self, seen, labels=False):
        self.seen, self.labels = seen, labels

    def fit(self, X, y):
        self.weights = np.linalg.lstsq(X, y - y.mean(), rcond=None)[0]
        self.mean = y.mean()
        return self

    def predict(self, X):
        X = self.seen(self, X)
        return (X[:, 0] > 0).astype(np.int64) if self.labels else X @ self.weights + self.mean


def centred(model, X):
    return X - X.mean(axis=0)


def ranked(model, X):
    return X.argsort(axis=0).argsort(axis=0) / len(X)


def as_the_first_batch(model, X):
    model.__dict__.setdefault("middle", X.mean(axis=0))
    return X - model.middle


def counted(model, X):
    model.asked = getattr(model, "asked", 0) + 1
    return X * (-1) ** model.asked


def honest(model, X):
    return X


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


def guesses(seen, objective: str = "regression") -> pgml.Algorithm:
    class Guesses(pgml.Algorithm):
        name = "guess"
        summary = "A guess."
        scaled = True

        def estimator(self):
            return Guess(seen, objective == "classification")

        def save(self, fitted):
            return np.append(fitted.weights, fitted.mean).tobytes()

        def load(self, saved):
            loaded = self.estimator()
            *loaded.weights, loaded.mean = np.frombuffer(saved)
            return loaded

    Guesses.objective = objective
    return Guesses()


@pytest.mark.parametrize("objective", ["regression", "classification"])
@pytest.mark.parametrize("seen", [centred, ranked, counted], ids=lambda each: each.__name__)
def test_a_model_whose_predictions_depend_on_other_rows_is_not_saved(seen, objective):
    with pytest.raises(TrainingFailed) as raised:
        train(guesses(seen, objective))
    assert "failed while predicting rows alone, and in another order: predictions differ" in raised.value.message
    assert "nothing but that row" in raised.value.hint


def test_a_model_that_takes_its_first_batch_as_a_measure_is_not_saved():
    with pytest.raises(TrainingFailed) as raised:
        train(guesses(as_the_first_batch))
    assert "it differs from the fitted one by" in raised.value.message
    assert "must not depend on those before it" in raised.value.hint


@pytest.mark.parametrize("objective", ["regression", "classification"])
def test_a_model_that_predicts_row_by_row_is_saved(objective):
    for rows in (8, 80, 3000):
        assert train(guesses(honest, objective), rows)[1]["served_by"] == "engine"


def test_a_compiled_model_whose_estimator_looks_at_other_rows_is_not_saved():
    algorithm = guesses(centred)
    type(algorithm).compile = lambda self, fitted: linear.predictor(fitted.weights, fitted.mean)
    with pytest.warns(UserWarning, match="differs from the estimator"), pytest.raises(TrainingFailed, match="alone"):
        train(algorithm)


@pytest.mark.parametrize(
    ("returned", "said"),
    [(None, "fit returned None"), (3.5, "fit returned an object of type float, which has no predict")],
)
def test_a_fit_that_returns_no_estimator_is_the_plugins_fault(returned, said):
    class Silent(Mean):
        def fit(self, values, X, y):
            return returned

    with pytest.raises(TrainingFailed) as raised:
        train(Silent())
    assert raised.value.message == f"mean (plugin pgml-tests) failed while fitting: {said}"
    assert "return self" in raised.value.hint


def test_a_target_that_an_algorithm_cannot_take_is_named_with_its_rule():
    class Positive(Mean):
        positive_target = True

    class Below(Positive):
        def estimator(self):
            raise AssertionError("it must not come to this")

    assert train(Positive())[1]["served_by"] == "backend"
    training, _, _ = train(Positive())
    training.algorithm = Below()
    training.matrix.y[3:5] = [-0.5, 0.0]
    with pytest.raises(UnusableData) as raised:
        training.run(0.25, "random")
    assert raised.value.message == (
        '"y" is -0.5 in the lowest of 80 rows, and 2 of them are not above 0; mean takes a target above 0 only'
    )


def test_what_a_plugin_raises_is_logged_with_its_type_and_place(capfd):
    class Broken(Mean):
        def estimator(self):
            raise LookupError("colour " * 10_000)

    with pytest.raises(TrainingFailed):
        train(Broken())
    logged = capfd.readouterr().err
    assert logged.startswith("pgml: mean (plugin pgml-tests) failed while fitting\nTraceback")
    assert "LookupError: colour" in logged and f'{__file__}", line' in logged
    assert len(logged) < 11_000


def test_the_plugin_of_a_model_is_named_once_it_is_gone():
    training, _, (predictor, estimator, _) = train(Neighbours())

    def gone():
        raise UnknownAlgorithm('unknown algorithm "neighbours" for regression', detail="because")

    with pytest.raises(UnknownAlgorithm) as raised:
        HeldModel(predictor, estimator, gone)
    assert raised.value.message.startswith("the model needs neighbours of the plugin pgml-tests, which")
    assert "install pgml-tests" in raised.value.hint and raised.value.detail == "because"
    old = predictors.Predictor("engine", 3, "value", {}, {"algorithm": "neighbours", "scores": 1}).to_bytes()
    with pytest.raises(UnknownAlgorithm, match="^unknown algorithm"):
        HeldModel(old, estimator, gone)
