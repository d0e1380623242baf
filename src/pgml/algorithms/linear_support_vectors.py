"""Support vector machines without a kernel, which scale to many rows."""

from __future__ import annotations

from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import CLASS_WEIGHT, FIT_INTERCEPT, MAX_ITER, RANDOM_STATE, TOLERANCE, because
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Boolean, Choice, Constraint, Either, Float, Hyperparameter

_C = Hyperparameter(
    "C",
    Float(above=0),
    1.0,
    "How much errors weigh against small coefficients: larger follows the training rows more closely.",
    search=(0.01, 0.1, 1.0, 10.0),
)
_SOLVER = (
    Hyperparameter(
        "dual",
        Either(Boolean(), Choice("auto")),
        "auto",
        "Whether to solve the dual problem: better with more features than rows; auto chooses.",
    ),
    FIT_INTERCEPT,
    Hyperparameter(
        "intercept_scaling",
        Float(above=0),
        1.0,
        "How little the penalty weighs on the constant term: larger is less.",
    ),
    TOLERANCE.but(search=()),
    MAX_ITER.but(
        default=10000,
        description="The most iterations the solver makes (the library's default, 1000, is often short).",
    ),
    RANDOM_STATE,
)


class LinearSupportVectorRegression(LinearModel):
    """Linear support vector regression."""

    name = "linear_svm"
    objective = "regression"
    summary = "A weighted sum of the features that leaves errors up to epsilon alone."
    when = "A linear model that outliers pull less than least squares, on any number of rows."
    library = "sklearn.svm.LinearSVR"
    hyperparameters = (
        _C,
        Hyperparameter(
            "epsilon",
            Float(minimum=0),
            0.0,
            "Errors up to this size cost nothing; choose it in units of the target.",
            search=(0.0, 0.1, 1.0),
        ),
        Hyperparameter(
            "loss",
            Choice("epsilon_insensitive", "squared_epsilon_insensitive"),
            "epsilon_insensitive",
            "How errors beyond epsilon count: as they are, or squared.",
        ),
        *_SOLVER,
    )
    constraints = (
        Constraint(
            "dual must be true or auto where loss is epsilon_insensitive",
            lambda dual, loss: dual is not False or loss != "epsilon_insensitive",
        ),
    )
    left_out = because("verbose")


class LinearSupportVectorClassification(LinearModel):
    """Linear support vector classification, one machine a class."""

    name = "linear_svm"
    objective = "classification"
    summary = "Parts each class from the others by the plane that keeps most distance from both."
    when = "Many features or many rows, where labels are enough: no probabilities."
    library = "sklearn.svm.LinearSVC"
    hyperparameters = (
        _C,
        Hyperparameter(
            "penalty",
            Choice("l2", "l1"),
            "l2",
            "Whether coefficients are kept small (l2) or few (l1).",
        ),
        Hyperparameter(
            "loss",
            Choice("squared_hinge", "hinge"),
            "squared_hinge",
            "How errors count: squared, or as they are (the textbook's support vector machine).",
        ),
        Hyperparameter(
            "multi_class",
            Choice("ovr", "crammer_singer"),
            "ovr",
            "With more than two classes: one machine a class, or all in one problem (slower, rarely better;"
            " penalty, loss and dual have no effect then).",
        ),
        CLASS_WEIGHT,
        *_SOLVER,
    )
    constraints = (
        Constraint(
            "loss must be squared_hinge where penalty is l1",
            lambda loss, penalty, multi_class: (
                penalty != "l1" or loss == "squared_hinge" or multi_class == "crammer_singer"
            ),
        ),
        Constraint(
            "dual must be false or auto where penalty is l1",
            lambda dual, penalty, multi_class: (
                penalty != "l1" or dual is not True or multi_class == "crammer_singer"
            ),
        ),
        Constraint(
            "dual must be true or auto where loss is hinge",
            lambda dual, loss, multi_class: (
                dual is not False or loss != "hinge" or multi_class == "crammer_singer"
            ),
        ),
    )
    left_out = because("verbose")


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [LinearSupportVectorRegression(), LinearSupportVectorClassification()]
