"""Kernel predictors against the estimators that they were compiled from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from agreement import assert_agreement, evaluators
from sklearn import svm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process import kernels as k
from sklearn.kernel_ridge import KernelRidge
from sklearn.multiclass import OneVsOneClassifier

from pgml.predictors import NotCompilable
from pgml.predictors.build import kernel
from pgml.predictors.convert import kernel_machines as convert

KERNELS = ["rbf", "poly", "sigmoid", "linear"]
PROCESSES = [
    None,
    k.ConstantKernel(2.0) * k.RBF(1.5) + k.WhiteKernel(0.5),
    k.RBF([1.0, 2.0, 3.0, 4.0, 5.0]) ** 2,
    k.Matern(nu=0.5),
    k.Matern([1.0, 2.0, 3.0, 4.0, 5.0], nu=1.5) + k.DotProduct(0.3),
    k.Matern(2.0, nu=2.5),
    k.Matern(nu=math.inf),
    k.RationalQuadratic(2.0, alpha=1.7),
    k.ExpSineSquared(2.0, 3.0) * k.RBF(1.0) + k.WhiteKernel(1.0),
]


@pytest.fixture(scope="module")
def rows(data) -> np.ndarray:
    return data.rows / data.rows.std(axis=0)


@pytest.fixture(scope="module")
def unseen(rows) -> np.ndarray:
    """Rows near and far from the training rows, as many as fill no whole block."""
    return np.concatenate([rows[:20], rows[:70] + 0.3, 30 * rows[:5], np.zeros((1, 5))])


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("kind", [svm.SVR, svm.NuSVR])
def test_support_vector_regression(kind, name, data, rows, unseen):
    fitted = kind(kernel=name, gamma=0.2, coef0=0.5).fit(rows, data.number)
    assert_agreement(convert.support_vector_machine(fitted), fitted, unseen, atol=1e-9)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("kind", ["two", "three"])
@pytest.mark.parametrize("probability", ["deprecated", True])
@pytest.mark.parametrize("ties", [False, True])
def test_support_vector_classification(name, kind, probability, ties, data, rows, unseen):
    settings = {"kernel": name, "probability": probability, "break_ties": ties, "random_state": 0}
    for estimator in (svm.SVC(**settings), svm.NuSVC(nu=0.2, **settings)):
        fitted = estimator.fit(rows, data.target(kind))
        assert_agreement(convert.support_vector_machine(fitted), fitted, unseen)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("kind", ["two", "three"])
def test_calibrated_support_vector_classification(name, kind, data, rows, unseen):
    for machine in (svm.SVC(kernel=name), svm.NuSVC(nu=0.2, kernel=name)):
        fitted = CalibratedClassifierCV(machine, ensemble=False).fit(rows, data.target(kind))
        assert_agreement(convert.support_vector_machine(fitted), fitted, unseen)


def test_other_calibrations_are_refused(data, rows):
    for settings in ({"ensemble": True}, {"ensemble": False, "method": "isotonic"}):
        fitted = CalibratedClassifierCV(svm.SVC(), **settings).fit(rows, data.three)
        with pytest.raises(NotCompilable, match="calibration"):
            convert.support_vector_machine(fitted)


def test_a_machine_without_support_vectors_is_its_intercept(rows, unseen):
    fitted = svm.SVR(epsilon=10.0).fit(rows, np.full(len(rows), 3.0))
    assert len(fitted.support_) == 0
    assert_agreement(convert.support_vector_machine(fitted), fitted, unseen)


def test_more_support_vectors_than_a_chunk_and_many_classes():
    random = np.random.default_rng(3)
    many = random.normal(size=(600, 3))
    labels = (many[:, 0] * 2).round().clip(-2, 2) + 2 + 5 * (many[:, 1] > 0)
    fitted = svm.SVC(probability=True, random_state=0).fit(many, labels)
    assert len(fitted.support_) > 256
    assert_agreement(convert.support_vector_machine(fitted), fitted, random.normal(size=(100, 3)))


@pytest.mark.parametrize("name", [*KERNELS, "laplacian", "cosine"])
def test_kernel_ridge(name, data, rows, unseen):
    fitted = KernelRidge(kernel=name, alpha=1.0, degree=2, gamma=None if name == "poly" else 0.1).fit(rows, data.number)
    assert_agreement(convert.kernel_ridge(fitted), fitted, unseen, atol=1e-9)


def test_the_cosine_of_a_vector_next_to_nothing(data, rows):
    fitted = KernelRidge(kernel="cosine").fit(rows, data.number)
    assert_agreement(convert.kernel_ridge(fitted), fitted, rows[:9] * 1e-40)


@pytest.mark.parametrize("part", PROCESSES, ids=str)
def test_gaussian_process_regression(part, data, rows, unseen):
    for normalize in (False, True):
        fitted = GaussianProcessRegressor(part, optimizer=None, alpha=0.1, normalize_y=normalize).fit(rows, data.number)
        assert_agreement(convert.gaussian_process(fitted), fitted, unseen, atol=1e-10)


@pytest.mark.parametrize("part", PROCESSES, ids=str)
@pytest.mark.parametrize("kind, mode", [("two", "one_vs_rest"), ("three", "one_vs_rest"), ("three", "one_vs_one")])
def test_gaussian_process_classification(part, kind, mode, data, rows, unseen):
    few, labels = rows[:45], data.target(kind)[:45]  # the reference takes the square of their number for a row
    fitted = GaussianProcessClassifier(part, optimizer=None, multi_class=mode).fit(few, labels)
    assert_agreement(convert.gaussian_process(fitted), fitted, unseen[::4])


def test_gaussian_processes_of_pairs(data, rows, unseen):
    process = GaussianProcessClassifier(k.RBF(2.0), optimizer=None)
    fitted = OneVsOneClassifier(process).fit(rows[:45], data.three[:45])
    assert_agreement(convert.gaussian_process(fitted), fitted, unseen[::4])


def test_processes_that_are_all_sure_of_no():
    fitted = GaussianProcessClassifier(k.ConstantKernel(100.0) * k.RBF(1.0), optimizer=None, max_iter_predict=1)
    rows = np.array([-0.4065, -0.8698, 0.5182, -0.4439, -1.5948, 0.0172, 1.7104, 1.0692])[:, None]
    fitted.fit(rows, [1, 2, 1, 0, 2, 1, 0, 0])
    assert not fitted.predict_proba(rows).all()
    assert_agreement(convert.gaussian_process(fitted), fitted, rows)


def test_more_rows_than_share_a_pass_over_the_variances(data, rows):
    fitted = GaussianProcessClassifier(optimizer=None).fit(rows, data.two)
    for evaluator in evaluators(convert.gaussian_process(fitted))[:1]:
        found = np.array(evaluator.predict_proba_batch(rows, len(rows))).reshape(-1, 2)
        np.testing.assert_allclose(found, fitted.predict_proba(rows), rtol=1e-9)


def test_what_cannot_be_compiled_is_refused(data, rows):
    with pytest.raises(NotCompilable, match="nu=0.7"):
        fitted = GaussianProcessRegressor(k.Matern(nu=0.7), optimizer=None, alpha=0.1).fit(rows, data.number)
        convert.gaussian_process(fitted)
    with pytest.raises(NotCompilable, match="is not compiled"):
        convert.support_vector_machine(svm.SVR(kernel=lambda a, b: a @ b.T).fit(rows, data.number))
    with pytest.raises(NotCompilable, match="chi2"):
        convert.kernel_ridge(KernelRidge(kernel="chi2", gamma=1.0).fit(np.abs(rows), data.number))


@pytest.mark.parametrize("expression", [("rbf",), ("rbf", math.nan), ("gaussian", 1.0, 2.0), ("sum", ("linear",)), 3])
def test_what_is_no_kernel_is_refused(expression):
    with pytest.raises(ValueError):
        kernel.predictor([kernel.Machine(expression, np.zeros((2, 3)), np.zeros(2))])
