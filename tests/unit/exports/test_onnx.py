"""Models in the ONNX format, run by ONNX Runtime: they answer what the predictors answer that they were written from."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_models import exact, forests, linear_models, near_thresholds, oblivious_trees, rows_of
from sklearn import calibration, ensemble, gaussian_process, kernel_ridge, linear_model, svm
from sklearn.gaussian_process import kernels

from pgml import predictors
from pgml.errors import NotExportable
from pgml.predictors import Predictor
from pgml.predictors.build import dense, forest, kernel
from pgml.predictors.convert import boosters, kernel_machines, trees
from pgml.predictors.convert import linear_models as linears

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from pgml.predictors.export.onnx.model import to_onnx  # noqa: E402

RANDOM = np.random.default_rng(3)
ROWS = np.column_stack(
    [RANDOM.normal(size=(120, 3)), np.round(RANDOM.normal(size=120)), RANDOM.normal(size=120) * 100]
)
NUMBER = ROWS[:, 0] + 0.5 * ROWS[:, 3] + RANDOM.normal(scale=0.2, size=120)
KINDS = {"two": (NUMBER > 0) + 3, "three": np.digitize(NUMBER, [-0.7, 0.7])}
SMALL = {"n_estimators": 7, "random_state": 0}


def run(predictor: Predictor, rows: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of the exported model."""
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    exported = to_onnx(predictor.to_bytes(), {"model": "1"})
    session = runtime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"features": np.asarray(rows, dtype=np.float64)})


def assert_same(predictor: Predictor, rows: np.ndarray, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Assert that exported model and predictor agree: labels are equal, values and probabilities but for rounding."""
    rows = np.ascontiguousarray(rows, dtype=np.float64)
    evaluator = predictors.evaluator(predictor.to_bytes())
    outputs = run(predictor, rows)
    expected = np.array(evaluator.predict_batch(rows, len(rows)))
    if predictor.classes is None:
        assert outputs[0].dtype == np.float64
        np.testing.assert_allclose(outputs[0], expected, rtol=rtol, atol=atol)
    else:
        np.testing.assert_array_equal(outputs[0], expected)
    probabilities = evaluator.predict_proba_batch(rows, len(rows)) if predictor.classes else None
    assert len(outputs) == (1 if probabilities is None else 2)
    if probabilities is not None:
        expected = np.reshape(probabilities, (len(rows), len(predictor.classes)))
        np.testing.assert_allclose(
            outputs[1], expected, rtol=rtol, atol=max(atol, 1e-12 if rtol <= 1e-9 else rtol)
        )


def quietly(estimator, target):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(ROWS / ROWS.std(axis=0), target)


@given(linear_models().flatmap(lambda model: st.tuples(st.just(model), rows_of(model, exact))))
def test_any_linear_model(case):
    model, rows = case
    assert_same(model, rows, rtol=1e-6 if model.settings["single"] else 1e-9)


@given(
    st.one_of(forests(), oblivious_trees()).flatmap(
        lambda model: st.tuples(st.just(model), rows_of(model, near_thresholds))
    )
)
def test_any_forest(case):
    """Each tree leads to the same leaf, and leaves are added in the same order."""
    model, rows = case
    assert_same(model, rows, rtol=1e-6 if model.settings.get("single") else 1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "estimator",
    [
        linear_model.LogisticRegression(),
        linear_model.SGDClassifier(loss="log_loss", random_state=0),
        linear_model.SGDClassifier(loss="modified_huber", random_state=0),
        linear_model.Perceptron(random_state=0),
    ],
    ids=lambda each: f"{type(each).__name__}-{getattr(each, 'loss', '')}",
)
def test_linear_classifiers(estimator, kind):
    fitted = quietly(estimator, KINDS[kind])
    model = linears.linear_model(fitted).prepared(center=np.zeros(5), scale=ROWS.std(axis=0))
    assert_same(model, ROWS)


@pytest.mark.parametrize("kind", ["number", *KINDS])
@pytest.mark.parametrize("booster", ["gbtree", "dart", "gblinear"])
def test_xgboost(booster, kind):
    import xgboost

    maker = xgboost.XGBRegressor if kind == "number" else xgboost.XGBClassifier
    target = NUMBER if kind == "number" else KINDS[kind] - KINDS[kind].min()
    model = boosters.xgboost(maker(booster=booster, n_estimators=9).fit(ROWS, target))
    missing = np.where(RANDOM.random(ROWS.shape) < 0.2, np.nan, ROWS)
    assert_same(model, missing, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_trees_of_scikit_learn(kind):
    target = KINDS[kind]
    assert_same(trees.random_forest(ensemble.RandomForestClassifier(**SMALL).fit(ROWS, target)), ROWS)
    assert_same(trees.gradient_boosting(ensemble.GradientBoostingClassifier(**SMALL).fit(ROWS, target)), ROWS)
    assert_same(trees.ada_boost(ensemble.AdaBoostClassifier(**SMALL).fit(ROWS, target)), ROWS)


def test_the_weighted_median_of_trees():
    assert_same(trees.ada_boost(ensemble.AdaBoostRegressor(**SMALL).fit(ROWS, NUMBER)), ROWS)


@pytest.mark.parametrize("name", ["rbf", "poly", "sigmoid", "linear"])
def test_support_vector_machines(name):
    assert_same(
        kernel_machines.support_vector_machine(quietly(svm.SVR(kernel=name), NUMBER)), ROWS / ROWS.std(axis=0)
    )
    for target in KINDS.values():
        fitted = quietly(svm.SVC(kernel=name), target)
        assert_same(kernel_machines.support_vector_machine(fitted), ROWS / ROWS.std(axis=0))


@pytest.mark.parametrize("kind", KINDS)
def test_calibrated_support_vector_machines_and_broken_ties(kind):
    calibrated = quietly(calibration.CalibratedClassifierCV(svm.SVC(), ensemble=False), KINDS[kind])
    assert_same(kernel_machines.support_vector_machine(calibrated), ROWS / ROWS.std(axis=0))
    assert_same(
        kernel_machines.support_vector_machine(quietly(svm.SVC(break_ties=True), KINDS[kind])),
        ROWS / ROWS.std(axis=0),
    )


@pytest.mark.parametrize("name", ["rbf", "laplacian", "cosine", "polynomial", "sigmoid", "linear"])
def test_kernel_ridge(name):
    fitted = quietly(kernel_ridge.KernelRidge(kernel=name, alpha=0.1), NUMBER)
    assert_same(kernel_machines.kernel_ridge(fitted), ROWS / ROWS.std(axis=0), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "part",
    [
        kernels.RBF([1.0, 2.0, 3.0, 4.0, 5.0]) + kernels.DotProduct(),
        kernels.Matern(nu=0.5),
        kernels.Matern(nu=1.5),
        kernels.Matern(nu=2.5) * kernels.ConstantKernel(2.0) + kernels.WhiteKernel(),
        kernels.RationalQuadratic(),
        kernels.ExpSineSquared() + kernels.WhiteKernel(300.0),
        kernels.DotProduct() ** 2,
    ],
    ids=str,
)
def test_gaussian_processes_of_each_kernel(part):
    process = gaussian_process.GaussianProcessRegressor(part, optimizer=None, alpha=0.1, normalize_y=True)
    fitted = quietly(process, NUMBER)
    assert_same(kernel_machines.gaussian_process(fitted), ROWS / ROWS.std(axis=0), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("activation", dense.ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("output", ["softmax", "one_vs_rest", "label"])
def test_perceptrons(activation, dtype, output):
    sizes = [(6, 5), (3, 6)]
    layers = [
        (RANDOM.normal(size=size).astype(dtype), RANDOM.normal(size=size[0]).astype(dtype)) for size in sizes
    ]
    model = dense.predictor(layers, activation=activation, output=output, classes=[0.0, 1.0, 2.5])
    assert_same(model, ROWS / ROWS.std(axis=0), rtol=1e-4 if dtype == np.float32 else 1e-9)


def test_what_the_model_says_of_itself():
    model = forest.predictor(
        [forest.Tree(*(np.array([number]) for number in (-1, -1, 0, 0.0, 1.0)))], 2
    ).prepared(features=["größe", 'the "other"'])
    exported = onnx.load_from_string(to_onnx(model.to_bytes(), {"project": "P"}))
    said = {entry.key: entry.value for entry in exported.metadata_props}
    assert said["project"] == "P"
    assert json.loads(said["features"]) == ["größe", 'the "other"']
    assert exported.producer_name == "pgml"
    assert to_onnx(model.to_bytes(), {}) == to_onnx(model.to_bytes(), {})


def test_what_has_no_operators_is_refused():
    process = gaussian_process.GaussianProcessClassifier(optimizer=None).fit(ROWS, KINDS["two"])
    with pytest.raises(NotExportable, match="a Gaussian process for classification has no form in ONNX"):
        to_onnx(kernel_machines.gaussian_process(process).to_bytes(), {})
    machine = kernel.Machine(("rbf", 1.0), ROWS[:4], np.ones(4))
    coupled = kernel.predictor(
        [machine], class_sizes=[2, 2], platt=(np.ones(1), np.ones(1)), output="one_vs_one", classes=[0, 1]
    )
    with pytest.raises(NotExportable, match="coupled from those of pairs"):
        to_onnx(coupled.to_bytes(), {})
    served = Predictor(
        "uncompiled", 1, "value", {}, {"algorithm": "a", "plugin": "p", "scores": 1, "types": []}
    )
    with pytest.raises(NotExportable, match="only its plugin's own code can evaluate"):
        to_onnx(served.to_bytes(), {})
