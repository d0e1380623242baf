"""Support vector machines with kernels, for both objectives and in both parametrisations (C and nu)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import ScikitLearn
from pgml.algorithms._settings import CLASS_WEIGHT, MAX_ITER, TOLERANCE, because
from pgml.errors import InvalidHyperparameter, UnusableData
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Boolean, Choice, Constraint, Either, Float, Hyperparameter, Integer

if TYPE_CHECKING:
    import numpy

    from pgml.predictors import Predictor

_C = Hyperparameter(
    "C",
    Float(above=0),
    1.0,
    "How much errors weigh against a simple model: larger follows the training rows more closely.",
    search=(0.1, 1.0, 10.0, 100.0),
)
_NU = Hyperparameter(
    "nu",
    Float(above=0, maximum=1),
    0.5,
    "The share of rows that may be errors at most, and must be support vectors at least.",
    search=(0.1, 0.3, 0.5, 0.7),
)
_KERNEL = (
    Hyperparameter(
        "kernel",
        Choice("rbf", "linear", "poly", "sigmoid"),
        "rbf",
        "How similar two rows are: rbf by distance, linear by product, poly by its power, sigmoid by its tanh.",
        search=("rbf", "linear"),
    ),
    Hyperparameter(
        "gamma",
        Either(Choice("scale", "auto"), Float(above=0)),
        "scale",
        "How fast similarity falls with distance (all kernels but linear); auto is 1 / features, scale divides"
        " that by the variance.",
        search=("scale", 0.001, 0.01, 0.1, 1.0),
    ),
    Hyperparameter("degree", Integer(minimum=0), 3, "With kernel poly, the power.", search=(2, 3)),
    Hyperparameter("coef0", Float(), 0.0, "With kernels poly and sigmoid, what is added to the product."),
)
_SOLVER = (
    Hyperparameter(
        "shrinking", Boolean(), True, "Whether the solver sets settled rows aside; faster, as a rule."
    ),
    TOLERANCE.but(default=1e-3, description="Precision of the solver: when to stop.", search=()),
    MAX_ITER.but(default=None, description="The most iterations of the solver; null means no limit."),
    Hyperparameter(
        "cache_size",
        Float(above=0),
        200.0,
        "Memory for the kernel's cache, in megabytes.",
        without_effect="it changes nothing but the speed",
    ),
)
_CLASSIFIER = (
    Hyperparameter(
        "probability",
        Boolean(),
        False,
        "Whether to calibrate probabilities by cross-validation, which makes training several times longer"
        " (the library calls this CalibratedClassifierCV).",
    ),
    Hyperparameter(
        "calibration_folds",
        Integer(minimum=2),
        5,
        "With probability, the number of folds of that cross-validation (pgml's own setting).",
    ),
    Hyperparameter(
        "break_ties",
        Boolean(),
        False,
        "Whether a tie in the votes of more than two classes goes to the higher score instead of the lower label.",
        without_effect="three classes and more seldom tie",
    ),
)
_LEFT_OUT = because("verbose")
_CLASSIFIER_LEFT_OUT = because(
    "verbose",
    decision_function_shape="it changes the form of the scores, not the answers",
    random_state="nothing is random: the folds of the calibration are not shuffled",
)
_ENOUGH_ROWS = Constraint(
    "calibration_folds must be at most the number of rows of the rarest class where probability is true",
    lambda calibration_folds, probability, y: not probability or calibration_folds <= _counts(y).min(),
)


def _counts(y: numpy.ndarray) -> numpy.ndarray:
    import numpy

    return numpy.bincount(y)


def _largest_nu(y: numpy.ndarray) -> float:
    """Return the largest nu that the two classes of the most unequal sizes allow."""
    counts = _counts(y)
    return float(2 * counts.min() / (counts.min() + counts.max()))


class _SupportVectors(ScikitLearn):
    """What all support vector machines have in common."""

    scaled = True

    def estimator(self, *, max_iter: int | None, **hyperparameters: Any) -> Any:
        machine = super().estimator(max_iter=-1 if max_iter is None else max_iter, **hyperparameters)
        machine.random_state = 0  # the library draws a seed that it has no use for, else from the process's own
        return machine

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.kernel_machines import support_vector_machine

        return support_vector_machine(fitted)


class _SupportVectorClassifier(_SupportVectors):
    """A support vector machine, calibrated to probabilities where they are asked for."""

    objective = "classification"
    trusted_types = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")
    left_out = _CLASSIFIER_LEFT_OUT

    def estimator(self, *, probability: bool, calibration_folds: int, **hyperparameters: Any) -> Any:
        machine = super().estimator(**hyperparameters)
        if not probability:
            return machine
        from sklearn.calibration import CalibratedClassifierCV

        return CalibratedClassifierCV(machine, ensemble=False, cv=calibration_folds)


class SupportVectorRegression(_SupportVectors):
    """Epsilon support vector regression."""

    name = "svm"
    objective = "regression"
    summary = (
        "A smooth function that leaves errors up to epsilon alone, made of the rows beyond (support vectors)."
    )
    when = "Smooth relations in up to some ten thousand rows. Search C, epsilon and gamma: they depend on the data."
    library = "sklearn.svm.SVR"
    hyperparameters = (
        _C,
        Hyperparameter(
            "epsilon",
            Float(minimum=0),
            0.1,
            "Errors up to this size cost nothing; choose it in units of the target.",
            search=(0.01, 0.1, 1.0),
        ),
        *_KERNEL,
        *_SOLVER,
    )
    left_out = _LEFT_OUT


class SupportVectorClassification(_SupportVectorClassifier):
    """Support vector classification, one machine for every two classes."""

    name = "svm"
    summary = "Parts classes by the surface that keeps most distance from both; curved by a kernel."
    when = "Accurate on up to some ten thousand rows. Search C and gamma; set probability where you need it."
    library = "sklearn.svm.SVC"
    hyperparameters = (_C, *_KERNEL, *_CLASSIFIER, CLASS_WEIGHT, *_SOLVER)
    constraints = (_ENOUGH_ROWS,)


class NuSupportVectorRegression(_SupportVectors):
    """Nu support vector regression."""

    name = "nu_svm"
    objective = "regression"
    summary = "As svm, but nu sets the share of support vectors, and the width of the tube follows from it."
    when = "In place of svm where you would rather say how many rows may lie outside than how far."
    library = "sklearn.svm.NuSVR"
    hyperparameters = (_NU, _C, *_KERNEL, *_SOLVER)
    left_out = _LEFT_OUT


class NuSupportVectorClassification(_SupportVectorClassifier):
    """Nu support vector classification."""

    name = "nu_svm"
    summary = "As svm, but nu bounds the share of training errors and support vectors, in place of C."
    when = "In place of svm where you can say which share of rows may be errors; nu must suit the classes' sizes."
    library = "sklearn.svm.NuSVC"
    hyperparameters = (
        _NU.but(
            default=None,
            description="The share of rows that may be errors at most, and must be support vectors at least; null is"
            " half of what the classes' sizes allow, which is the library's 0.5 where they are equal.",
            search=(),
        ),
        *_KERNEL,
        *_CLASSIFIER,
        *_SOLVER,
    )
    constraints = (
        _ENOUGH_ROWS,
        Constraint(
            "nu must be at most twice the rarest class's share of the rows that it and the largest class have",
            lambda nu, y: nu is None or nu <= _largest_nu(y),
        ),
    )
    left_out = because(**_CLASSIFIER_LEFT_OUT, class_weight="the library ignores it here")

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        nu = _largest_nu(y) / 2 if values["nu"] is None else values["nu"]
        try:
            return super().fit({**values, "nu": nu}, X, y)
        except ValueError as error:
            if "infeasible" in str(error):
                raise InvalidHyperparameter(
                    f"nu_svm: nu must be smaller for the classes' sizes in the folds of the calibration, got {nu:g}"
                ) from error
            if "not finite" not in str(error):
                raise
            raise UnusableData(
                "nu_svm: the features do not tell the classes apart",
                hint="try a smaller nu, a larger max_iter, or svm, which does not divide by their distance",
            ) from error

    def estimator(self, *, nu: float | None, **hyperparameters: Any) -> Any:
        return super().estimator(nu=0.5 if nu is None else nu, **hyperparameters)


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [
        SupportVectorRegression(),
        SupportVectorClassification(),
        NuSupportVectorRegression(),
        NuSupportVectorClassification(),
    ]
