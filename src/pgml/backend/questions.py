"""What a model can be asked besides its prediction: for a row at once, or with a close look that says what is wrong.

Each function takes an evaluator and what the SQL function of that name was given, and returns a number or a list of
numbers. Those of QUICK return None where the other has to look.
"""

from __future__ import annotations

import math
from array import array

from pgml.errors import InvalidArgument, WrongFeatures


def _nothing(evaluator, features) -> None:
    return None


def _predict_quickly(evaluator, features) -> float | None:
    return evaluator.predict(features)


def _classify_quickly(evaluator, features) -> float | None:
    return None if evaluator.classes is None else evaluator.predict(features)


def _predict_proba_quickly(evaluator, features) -> list[float] | None:
    return evaluator.predict_proba(features)


def _predict(evaluator, features) -> float:
    return evaluator.predict_carefully(features)


def _classify(evaluator, features) -> float:
    _classes(evaluator)
    return evaluator.predict_carefully(features)


def _predict_proba(evaluator, features) -> list[float]:
    _classes(evaluator)
    probabilities = evaluator.predict_proba(evaluator.clean(features))
    if probabilities is None:
        raise no_probabilities()
    return probabilities


def no_probabilities() -> InvalidArgument:
    """Return the error for probabilities of a model that gives none."""
    return InvalidArgument(
        "its model gives labels and no probabilities",
        hint="pgml.classify and pgml.predict give the label; for probabilities train another algorithm",
    )


def _predict_batch(evaluator, features) -> list[float]:
    return evaluator.predict_batch(_packed(evaluator, features), len(features)).tolist()


def rows_of(what: str, evaluator, features: list) -> array:
    """Return the rows that are asked about, checked, as float64 [rows * features]; NaN is a missing number."""
    if what == "predict_batch":
        rows = _packed(evaluator, features)
        evaluator.check_batch(rows)
        return rows
    if what in ("classify", "predict_proba"):
        _classes(evaluator)
    return array("d", evaluator.clean(features))


def _packed(evaluator, features: list) -> array:
    """Return an array of rows, as PL/Python gives it, as float64 [rows * features].

    Raises WrongFeatures where they are no rows of as many features as the model has.
    """
    if features and not isinstance(features[0], list):
        raise WrongFeatures(
            "features are an array of rows, and this is an array of numbers",
            hint="pgml.predict takes one row; several are ARRAY[ARRAY[...], ARRAY[...]]",
        )
    if features and (len(features[0]) != evaluator.n_features or isinstance(features[0][0], list)):
        evaluator.clean(features[0])  # says how many it needs
        raise WrongFeatures("features are an array of rows, and this has more than two dimensions")
    rows = array("d")
    for row in features:
        rows.extend([math.nan if value is None else value for value in row])
    return rows


def _classes(evaluator, features=()) -> list[float]:
    if evaluator.classes is None:
        raise InvalidArgument(
            "its model is of a regression, which has no classes", hint="pgml.predict gives its value"
        )
    return list(evaluator.classes)


QUICK = {
    "predict_model": _predict_quickly,
    "classify": _classify_quickly,
    "predict_proba": _predict_proba_quickly,
    "predict_batch": _nothing,
    "classes": _nothing,
}
CAREFUL = {
    "predict": _predict,
    "predict_model": _predict,
    "classify": _classify,
    "predict_proba": _predict_proba,
    "predict_batch": _predict_batch,
    "classes": _classes,
}
