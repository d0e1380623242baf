"""Predictions that ignore the features: the mean, median or a quantile of the target, or the commonest label."""

import numpy as np

import pgml
from pgml import Choice, Float, Hyperparameter
from pgml.predictors.build import linear


class BaselineRegression(pgml.Algorithm):
    """The mean, the median or a quantile of the target."""

    name = "baseline"
    objective = "regression"
    summary = "The mean, the median or a quantile of the target, whatever the features are."
    when = "First: a model that does not beat it has learnt nothing from the features."
    source = "https://scikit-learn.org/stable/modules/generated/sklearn.dummy.DummyRegressor.html"
    hyperparameters = (
        Hyperparameter(
            "strategy",
            Choice("mean", "median", "quantile"),
            "mean",
            "What to predict: the mean has the lowest squared error, the median the lowest absolute error.",
            search=("mean", "median"),
        ),
        Hyperparameter(
            "quantile",
            Float(minimum=0, maximum=1),
            0.5,
            "With strategy quantile, which one to predict: 0 is the smallest target, 1 the largest.",
        ),
    )
    left_out = {"constant": "a number that is known beforehand needs no training"}
    missing = True

    def estimator(self, **hyperparameters):
        from sklearn.dummy import DummyRegressor

        return DummyRegressor(**hyperparameters)

    def compile(self, fitted):
        nothing = np.zeros((1, fitted.n_features_in_))
        return linear.predictor(nothing, fitted.constant_.ravel(), missing=True)


class BaselineClassification(pgml.Algorithm):
    """The commonest label."""

    name = "baseline"
    objective = "classification"
    summary = "The commonest label, whatever the features are; the probabilities are the labels' shares."
    when = BaselineRegression.when
    source = "https://scikit-learn.org/stable/modules/generated/sklearn.dummy.DummyClassifier.html"
    left_out = {
        "strategy": "of the others, most_frequent gives the same label, and stratified and uniform draw lots",
        "random_state": "nothing is drawn at random",
        "constant": "a label that is known beforehand needs no training",
    }
    missing = True

    def estimator(self, **hyperparameters):
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior", **hyperparameters)

    def compile(self, fitted):
        nothing = np.zeros((fitted.n_classes_, fitted.n_features_in_))
        return linear.predictor(
            nothing, fitted.class_prior_, output="probability", classes=fitted.classes_, missing=True
        )


@pgml.hookimpl
def pgml_algorithms():
    return [BaselineRegression(), BaselineClassification()]
