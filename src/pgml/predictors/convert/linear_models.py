"""Compile the linear models of scikit-learn."""

from __future__ import annotations

import numpy as np

from pgml.predictors.build import linear
from pgml.predictors.build.predictor import NotCompilable, Predictor


def linear_model(estimator) -> Predictor:
    """Return the predictor of a fitted estimator with ``coef_`` and ``intercept_``, or of a RANSACRegressor.

    A classifier needs numbers for labels. Probabilities are kept where the estimator has ``predict_proba``.
    Raises NotCompilable for several targets.
    """
    estimator = getattr(estimator, "estimator_", estimator)
    classes = getattr(estimator, "classes_", None)
    coefficients = np.atleast_2d(estimator.coef_)
    if classes is None:
        if len(coefficients) != 1:
            raise NotCompilable("a linear model of several targets is not compiled")
        return linear.predictor(coefficients, np.ravel(estimator.intercept_))
    if len(classes) < 2:
        raise NotCompilable("a linear classifier needs two classes")
    return linear.predictor(
        coefficients, estimator.intercept_, output=_output(estimator, len(classes)), classes=classes
    )


def _output(estimator, n_classes: int) -> str:
    if not hasattr(estimator, "predict_proba"):
        return "label"
    if getattr(estimator, "loss", None) == "modified_huber":
        return "modified_huber"
    if n_classes == 2:
        return "logistic"
    # LogisticRegression has one multinomial model; stochastic gradient descent has a model a class
    return "one_vs_rest" if hasattr(estimator, "loss") else "softmax"
