"""What a model can be asked besides its prediction: for a row at once, or with a close look that says what is wrong.

Each function takes an evaluator and what the SQL function of that name was given, and returns a number or a list of
numbers. Those of QUICK return None where the other has to look.
"""

from __future__ import annotations

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
    _check_dimensions(evaluator, features)
    return evaluator.predict_carefully(features)


def _classify(evaluator, features) -> float:
    _classes(evaluator)
    _check_dimensions(evaluator, features)
    return evaluator.predict_carefully(features)


def _predict_proba(evaluator, features) -> list[float]:
    _classes(evaluator)
    _check_dimensions(evaluator, features)
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


def _predict_batch(evaluator, shape: list[int]) -> list[float]:
    """Return no answers yet; raise WrongFeatures where an array of that shape is no rows of the model's features."""
    if len(shape) == 1:
        raise WrongFeatures(
            "features are an array of rows, and this is an array of numbers",
            hint="pgml.predict takes one row; several are ARRAY[ARRAY[...], ARRAY[...]]",
        )
    if len(shape) > 2:
        raise WrongFeatures(f"features are an array of rows, and this is {' x '.join(map(str, shape))} numbers")
    if shape:
        evaluator.check_count(shape[1])
    return []


def _predict_rows(evaluator, features: list) -> list[float]:
    rows, before = features
    return evaluator.predict_batch(_packed(rows), len(rows), before).tolist()


def rows_of(what: str, evaluator, features: list) -> array:
    """Return the rows that are asked about, checked, as float64 [rows * features]; NaN is a missing number."""
    if what == "predict_rows":
        rows, before = features
        packed = _packed(rows)
        evaluator.check_batch(packed, before)
        return packed
    if what in ("classify", "predict_proba"):
        _classes(evaluator)
    _check_dimensions(evaluator, features)
    return array("d", evaluator.clean(features))


def _check_dimensions(evaluator, features: list) -> None:
    """Raise WrongFeatures where an array that should be one row has several dimensions, unless all of the model's features
    are the elements of one array column, such as an image: it is taken as it is, as it was in training.
    """
    if features and isinstance(features[0], list) and not _are_of_one_array(evaluator.features):
        raise WrongFeatures(
            f"the features must be a one-dimensional array, not {_size(features)}",
            hint="pgml.predict_batch takes the rows of a two-dimensional array",
        )


def _are_of_one_array(names: tuple[str, ...]) -> bool:
    column, bracket, _ = "".join(names[:1]).rpartition("[")
    return bool(bracket) and all(name == f"{column}[{place}]" for place, name in enumerate(names, 1))


def _size(features: object) -> str:
    lengths = []
    while isinstance(features, list):
        lengths.append(str(len(features)))
        features = features[0]
    return " x ".join(lengths)


def _packed(rows: list[list[float]]) -> array:
    packed = array("d")
    for row in rows:
        packed.fromlist(row)
    return packed


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
    "predict_rows": _predict_rows,
    "classes": _classes,
}
