"""Linear predictors against the estimators that they were compiled from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from agreement import assert_agreement, evaluators
from hypothesis import given
from hypothesis import strategies as st
from sklearn import linear_model, svm

from pgml.predictors.build import linear
from pgml.predictors.convert.linear_models import linear_model as convert

REGRESSORS = [
    linear_model.LinearRegression(),
    linear_model.Ridge(),
    linear_model.Lasso(alpha=0.1),
    linear_model.ElasticNet(alpha=0.1),
    linear_model.Lars(),
    linear_model.LassoLars(alpha=0.01),
    linear_model.OrthogonalMatchingPursuit(),
    linear_model.BayesianRidge(),
    linear_model.ARDRegression(),
    linear_model.SGDRegressor(random_state=0),
    linear_model.RANSACRegressor(random_state=0),
    linear_model.TheilSenRegressor(random_state=0, max_subpopulation=200),
    linear_model.HuberRegressor(),
    linear_model.QuantileRegressor(),
    svm.LinearSVR(random_state=0),
]
CLASSIFIERS = [
    linear_model.LogisticRegression(),
    linear_model.RidgeClassifier(),
    linear_model.SGDClassifier(loss="hinge", random_state=0),
    linear_model.SGDClassifier(loss="log_loss", random_state=0),
    linear_model.SGDClassifier(loss="modified_huber", random_state=0),
    linear_model.Perceptron(random_state=0),
    svm.LinearSVC(random_state=0),
]


@pytest.mark.parametrize("estimator", REGRESSORS, ids=lambda e: type(e).__name__)
def test_regressors(estimator, data):
    scaled = data.rows / data.rows.std(axis=0)
    fitted = estimator.fit(scaled, data.number)
    assert_agreement(convert(fitted), fitted, scaled, atol=1e-12, exact=True)


@pytest.mark.parametrize("kind", ["two", "three"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: f"{type(e).__name__}-{getattr(e, 'loss', '')}")
def test_classifiers(estimator, kind, data):
    scaled = data.rows / data.rows.std(axis=0)
    fitted = estimator.fit(scaled, data.target(kind))
    assert_agreement(convert(fitted), fitted, scaled, exact=True)


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_probabilities_that_are_all_zero_are_uniform(loss, data):
    """Far from every class, one-vs-rest probabilities underflow; scikit-learn gives each class the same."""
    fitted = linear_model.SGDClassifier(loss=loss, random_state=0).fit(data.rows, data.three)
    fitted.coef_ = -np.abs(fitted.coef_)
    fitted.intercept_ = np.full(3, -1e4)
    assert_agreement(convert(fitted), fitted, np.abs(data.rows), exact=True)


@given(
    st.integers(1, 40).flatmap(
        lambda n: st.tuples(
            *[st.lists(st.floats(-1e100, 1e100), min_size=n, max_size=n)] * 2, st.floats(-1e100, 1e100)
        )
    )
)
def test_any_numbers_give_the_same_bits(case):
    coefficients, row, intercept = case
    found = {evaluator.predict(row) for evaluator in evaluators(linear.predictor(coefficients, intercept))}
    assert len(found) == 1 or all(math.isnan(value) for value in found)


def test_scaling_comes_first(data):
    fitted = linear_model.Ridge().fit((data.rows - 2.0) / 3.0, data.number)
    center, scale = np.full(5, 2.0), np.full(5, 3.0)
    predictor = convert(fitted).prepared(center=center, scale=scale)
    for evaluator in evaluators(predictor):
        expected = fitted.predict((data.rows - 2.0) / 3.0)
        np.testing.assert_allclose(evaluator.predict_batch(data.rows, 150), expected, rtol=1e-12, atol=1e-13)
