"""Kernel ridge regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import ScikitLearn
from pgml.algorithms._settings import ALPHA, because
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Float, Hyperparameter, Integer

if TYPE_CHECKING:
    from pgml.predictors import Predictor


class KernelRidge(ScikitLearn):
    """Ridge regression in the space of a kernel."""

    name = "kernel_ridge"
    objective = "regression"
    summary = "Ridge regression on similarities to the training rows: a smooth curve through the data."
    when = "Smooth relations in up to some thousand rows. Search alpha and gamma. svm is smaller and often as good."
    library = "sklearn.kernel_ridge.KernelRidge"
    scaled = True
    hyperparameters = (
        ALPHA.but(search=(0.001, 0.01, 0.1, 1.0, 10.0), kind=Float(above=0)),
        Hyperparameter(
            "kernel",
            Choice("rbf", "linear", "poly", "laplacian", "sigmoid", "cosine"),
            "rbf",
            "How similar two rows are; the library's default, linear, has no constant term and so cannot follow the"
            " mean of the target.",
            search=("rbf", "laplacian", "poly"),
        ),
        Hyperparameter(
            "gamma",
            Float(above=0),
            None,
            "How fast similarity falls with distance (all kernels but linear and cosine); null is 1 / features.",
            search=(None, 0.001, 0.01, 0.1, 1.0),
        ),
        Hyperparameter("degree", Integer(minimum=0), 3, "With kernel poly, the power.", search=(2, 3)),
        Hyperparameter("coef0", Float(), 1.0, "With kernels poly and sigmoid, what is added to the product."),
    )
    left_out = because(kernel_params="they are for kernels that are code")

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.kernel_machines import kernel_ridge

        return kernel_ridge(fitted)


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [KernelRidge()]
