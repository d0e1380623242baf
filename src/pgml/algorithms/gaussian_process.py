"""Gaussian processes: a distribution over smooth functions, conditioned on the training rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import ScikitLearn
from pgml.algorithms._settings import N_JOBS, RANDOM_STATE, because
from pgml.errors import InvalidHyperparameter
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Boolean, Choice, Constraint, Float, Hyperparameter, Integer

if TYPE_CHECKING:
    from pgml.predictors import Predictor


class Smoothness(Float):
    """One of the few numbers for which a Matern kernel has a closed form."""

    rule = "0.5, 1.5 or 2.5"

    def convert(self, value: Any) -> float:
        if value not in (0.5, 1.5, 2.5):
            raise ValueError(self.rule)
        return float(value)

    def schema(self) -> dict[str, Any]:
        return {"enum": [0.5, 1.5, 2.5]}


_KERNEL = (
    Hyperparameter(
        "kernel",
        Choice("rbf", "matern", "rational_quadratic", "exp_sine_squared", "dot_product"),
        "rbf",
        "How similar the answers for two rows are: rbf and matern by distance (matern is rougher),"
        " rational_quadratic over many distances, exp_sine_squared periodically, dot_product linearly (the library"
        " takes a kernel object; its default is an rbf of length scale 1 that is not fitted).",
        search=("rbf", "matern", "rational_quadratic"),
    ),
    Hyperparameter(
        "amplitude",
        Float(above=0),
        1.0,
        "The variance of the function: a first guess, as all settings of the kernel up to sigma_0 but nu are.",
    ),
    Hyperparameter(
        "length_scale",
        Float(above=0),
        None,
        "The distance over which the function changes much; null is the square root of the number of features, a"
        " usual distance between standardised rows.",
    ),
    Hyperparameter(
        "anisotropic",
        Boolean(),
        False,
        "With rbf and matern, whether each feature has a length scale of its own; slow with many features.",
    ),
    Hyperparameter(
        "nu",
        Smoothness(),
        1.5,
        "With matern, how smooth the function is: 0.5 is rough.",
        search=(0.5, 1.5, 2.5),
    ),
    Hyperparameter(
        "scale_mixture",
        Float(above=0),
        1.0,
        "With rational_quadratic, how alike the mixed length scales are (the library's alpha of that kernel).",
    ),
    Hyperparameter(
        "periodicity", Float(above=0), 1.0, "With exp_sine_squared, the distance between repetitions."
    ),
    Hyperparameter("sigma_0", Float(above=0), 1.0, "With dot_product, the deviation of the constant term."),
)
_OPTIMIZER = Hyperparameter(
    "optimizer",
    Choice("fmin_l_bfgs_b"),
    "fmin_l_bfgs_b",
    "How the kernel's settings are fitted to the data; null keeps the first guesses.",
    nullable=True,
)
_RESTARTS = Hyperparameter(
    "n_restarts_optimizer",
    Integer(minimum=0),
    0,
    "How many times that is repeated from settings drawn at random, to find better ones.",
)
_RULES = (
    Constraint(
        "kernel must be rbf or matern where anisotropic is true",
        lambda kernel, anisotropic: not anisotropic or kernel in ("rbf", "matern"),
    ),
)
_KERNELS_MODULE = "sklearn.gaussian_process.kernels"
_KERNEL_TYPES = tuple(
    f"{_KERNELS_MODULE}.{name}"
    for name in (
        "ConstantKernel",
        "DotProduct",
        "ExpSineSquared",
        "Matern",
        "Product",
        "RBF",
        "RationalQuadratic",
        "Sum",
        "WhiteKernel",
    )
)


class _GaussianProcess(ScikitLearn):
    """What both objectives have in common."""

    name = "gaussian_process"
    scaled = True
    constraints = _RULES
    trusted_types = _KERNEL_TYPES

    def estimator(self, *, features: int = 1, **hyperparameters: Any) -> Any:
        """Return the estimator; ``features`` is the number of features, which decides the length scales."""
        of_kernel = {each.name: hyperparameters.pop(each.name) for each in _KERNEL}
        return super().estimator(kernel=_kernel(features, **of_kernel), **hyperparameters)

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        import numpy

        try:
            return super().fit({**values, "features": X.shape[1]}, X, y)
        except numpy.linalg.LinAlgError as error:
            raise InvalidHyperparameter(
                f"gaussian_process: kernel {values['kernel']} does not suit these rows: as it is set, it gives no"
                " positive definite matrix",
                hint="choose another kernel or length_scale, or, for a regression, raise alpha or noise_level",
            ) from error

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.kernel_machines import gaussian_process

        return gaussian_process(fitted)


def _kernel(
    features: int,
    *,
    kernel: str,
    amplitude: float,
    length_scale: float | None,
    anisotropic: bool,
    nu: float,
    scale_mixture: float,
    periodicity: float,
    sigma_0: float,
) -> Any:
    """Return the kernel object that the words describe."""
    from sklearn.gaussian_process import kernels

    if length_scale is None:
        length_scale = math.sqrt(features)
    length_scales = [length_scale] * features if anisotropic else length_scale
    shapes = {
        "rbf": lambda: kernels.RBF(length_scales),
        "matern": lambda: kernels.Matern(length_scales, nu=nu),
        "rational_quadratic": lambda: kernels.RationalQuadratic(length_scale, scale_mixture),
        "exp_sine_squared": lambda: kernels.ExpSineSquared(length_scale, periodicity),
        "dot_product": lambda: kernels.DotProduct(sigma_0),
    }
    return kernels.ConstantKernel(amplitude) * shapes[kernel]()


class GaussianProcessRegression(_GaussianProcess):
    """Gaussian process regression (Rasmussen and Williams 2006)."""

    objective = "regression"
    summary = "The mean of all smooth functions that pass near the training rows, given their noise."
    when = "Smooth relations in up to about two thousand rows, without settings to search: it fits its own."
    library = "sklearn.gaussian_process.GaussianProcessRegressor"
    hyperparameters = (
        *_KERNEL,
        Hyperparameter(
            "noise_level",
            Float(above=0),
            1.0,
            "First guess of the variance of the noise, fitted with the kernel; null means no noise (the library's"
            " default, which passes through every training row).",
            nullable=True,
        ),
        Hyperparameter(
            "alpha",
            Float(minimum=0),
            1e-10,
            "Added to each row's own similarity, for numerical reasons or as noise of known variance.",
            search=(1e-10, 1e-5, 1e-2),
        ),
        Hyperparameter(
            "normalize_y",
            Boolean(),
            True,
            "Whether the target is standardised, so that far from the training rows the answer is its mean (the"
            " library's default is false: there the answer is 0).",
        ),
        _OPTIMIZER,
        _RESTARTS,
        RANDOM_STATE,
    )
    left_out = because("copy_X_train", n_targets="there is one target")

    def estimator(self, *, noise_level: float | None, **hyperparameters: Any) -> Any:
        process = super().estimator(**hyperparameters)
        if noise_level is not None:
            from sklearn.gaussian_process.kernels import WhiteKernel

            process.kernel += WhiteKernel(noise_level)
        return process


class GaussianProcessClassification(_GaussianProcess):
    """Gaussian process classification by Laplace's approximation (Rasmussen and Williams 2006)."""

    objective = "classification"
    summary = "Class probabilities from smooth functions of the features, fitted by Laplace's approximation."
    when = (
        "Honest probabilities on up to about a thousand rows. Set optimizer to have it fit its own settings."
    )
    library = "sklearn.gaussian_process.GaussianProcessClassifier"
    trusted_types = (*_KERNEL_TYPES, "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace")
    hyperparameters = (
        *_KERNEL,
        _OPTIMIZER.but(
            default=None,
            description="How the kernel's settings are fitted to the data, which takes minutes from some hundred rows"
            " on; null (not the library's default) keeps the first guesses.",
            search=(None, "fmin_l_bfgs_b"),
        ),
        _RESTARTS,
        Hyperparameter(
            "max_iter_predict",
            Integer(minimum=1),
            100,
            "The most steps of Newton's method in the approximation.",
        ),
        Hyperparameter(
            "multi_class",
            Choice("one_vs_rest", "one_vs_one"),
            "one_vs_rest",
            "With more than two classes: a process a class, or one for every two (faster, but no probabilities).",
        ),
        N_JOBS,
        RANDOM_STATE,
    )
    left_out = because("copy_X_train", "warm_start")

    def estimator(self, *, classes: int = 2, multi_class: str, n_jobs: int, **hyperparameters: Any) -> Any:
        """Return the estimator; ``classes`` is their number, which decides whether ``multi_class`` matters."""
        process = super().estimator(n_jobs=n_jobs, **hyperparameters)
        if classes == 2 or multi_class == "one_vs_rest":
            return process
        # the process has it too, but keeps a predict_proba that fails
        from sklearn.multiclass import OneVsOneClassifier

        return OneVsOneClassifier(process, n_jobs=n_jobs)

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        return super().fit({**values, "classes": int(y.max()) + 1}, X, y)


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [GaussianProcessRegression(), GaussianProcessClassification()]
