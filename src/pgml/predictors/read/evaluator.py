"""The read side of a compiled model: bytes in, an evaluator out, with nothing but the standard library."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from pgml.errors import CorruptPredictor, InfiniteValue, MissingValue, UnsupportedType, WrongFeatures
from pgml.predictors.read.explanations import checked, cover_of, importances_of
from pgml.predictors.read.format import parse
from pgml.predictors.read.parts import take_apart
from pgml.predictors.read.stored import predictor_of

try:
    from pgml.predictors import _evaluate
except ImportError:  # there was no compiler when pgml was installed: the reference serves
    _evaluate = None


def compiled() -> bool:
    """Say whether the C module was built; without it, predictions are correct and slow."""
    return _evaluate is not None


def outlive_changes() -> None:
    """Have the models of this process raise OSError where the file they are mapped from is changed, and not end it."""
    if _evaluate is not None:
        _evaluate.guard()


def evaluator(buffer: object, pure: bool = False) -> Evaluator:
    """Return the evaluator of a model written by ``Predictor.to_bytes``, or of what was stored of it.

    ``buffer`` is bytes, a memoryview or an mmap; a forest's nodes are used where they lie, so that processes
    that map one file share them. ``pure`` asks for the Python reference. Raises CorruptPredictor where
    anything about the bytes is not sound.
    """
    buffer = predictor_of(buffer, pure)
    about, tensors = parse(buffer)
    family, common, parts = take_apart(about, tensors)
    explanations = (cover_of(family, tensors), importances_of(tensors, common.n_features))
    try:
        if pure or _evaluate is None or family == "uncompiled":
            from pgml.predictors import reference

            model = getattr(reference, family)(common, *parts)
        else:
            model = _evaluate.load(buffer)
    except ValueError as error:
        raise CorruptPredictor(f"the predictor is not sound: {error}") from error
    single_input = common.single or about["settings"].get("input") == "single"
    return Evaluator(model, family, common, about, single_input, explanations)


class Evaluator:
    """A model that answers.

    ``predict(row)`` is the value or label (float) for a list of numbers, None standing for a missing one; it
    returns None whenever the row is not clean: not a flat list of n_features numbers, an infinite number, or
    a missing one where the model knows none. ``predict_proba(row)`` is the list of the classes' probabilities;
    None also where the model gives none. Both are the C module's own methods.
    """

    def __init__(
        self, model: object, family: str, common, about: dict, single_input: bool, explanations: tuple
    ):
        self.family = family
        self.features: tuple[str, ...] = tuple(about["features"])
        self.n_features: int = common.n_features
        self.objective: str | None = about["objective"]
        self.missing: bool = common.missing
        self.classes: tuple[float, ...] | None = None if common.classes is None else tuple(common.classes)
        self.predict = model.predict
        self.predict_proba = model.predict_proba
        self._model = model
        self._common = common
        self._single_input = single_input
        self._cover, self._importances = explanations

    @property
    def cover(self) -> memoryview | None:
        """How many training rows reached each node of a forest, or each leaf of oblivious trees, or their weight.

        It is float32 [n_nodes] or [n_leaves], None where the model does not know. Raises CorruptPredictor where one is negative or not finite.
        """
        return checked(self._cover, "cover counts")

    @property
    def importances(self) -> memoryview | None:
        """How much each feature matters, by the library's own measure: float64 [n_features]; as for ``cover``."""
        return checked(self._importances, "importances")

    def predict_carefully(self, features: Sequence) -> float:
        """Return what ``predict`` does, also for nested lists; raise as ``clean`` does where it cannot."""
        return self.predict(self.clean(features))

    def clean(self, features: Sequence) -> list[float]:
        """Return the row as a flat list of numbers, NaN where one is missing.

        Raises WrongFeatures, UnsupportedType, MissingValue or InfiniteValue, which say what is wrong.
        """
        self.check_count(_count(features))
        row = list(_flat(features))
        self._check(row)
        return [_number(value) for value in row]

    def predict_batch(self, rows: object, n_rows: int, before: int = 0) -> array:
        """Return the answers [n_rows] to a C-ordered buffer of float64 [n_rows, n_features]; NaN is missing.

        Raises MissingValue or InfiniteValue, naming the row (from 1, of these and the ``before`` that came before them), and
        WrongFeatures for another size.
        """
        return self._batch(self._model.predict_into, rows, n_rows, 1, before)

    def predict_proba_batch(self, rows: object, n_rows: int) -> array | None:
        """Return the probabilities [n_rows * n_classes], C order; None where the model gives none."""
        if not self._model.has_probabilities:
            return None
        return self._batch(self._model.predict_proba_into, rows, n_rows, len(self.classes))

    def check_batch(self, rows: Sequence[float], before: int = 0) -> None:
        """Raise as ``predict_batch`` does for the first of the rows, float64 [n_rows * n_features], that is not clean."""
        n = self.n_features
        for start in range(0, len(rows), n):
            self._check(rows[start : start + n], f" in row {before + start // n + 1}")

    def check_count(self, count: int) -> None:
        """Raise WrongFeatures where that is not how many features the model has."""
        if count != self.n_features:
            raise WrongFeatures(
                f"the model expects {self.n_features} features, got {count}",
                hint=f"the features are, in this order: {', '.join(self.features)}",
            )

    def _batch(self, evaluate, rows: object, n_rows: int, width: int, before: int = 0) -> array:
        view = memoryview(rows).cast("B")
        if n_rows < 0 or view.nbytes != n_rows * self.n_features * 8:
            raise WrongFeatures(
                f"{view.nbytes / 8:g} numbers are not {n_rows} rows of {self.n_features} features",
                hint=f"the features are: {', '.join(self.features)}",
            )
        result = array("d", [0.0]) * (n_rows * width)
        unclean = evaluate(view, n_rows, result)
        if unclean is not None:
            n = self.n_features
            self._check(view.cast("d")[unclean * n : (unclean + 1) * n].tolist(), f" in row {before + unclean + 1}")
        return result

    def _check(self, row: Sequence, where: str = "") -> None:
        self.check_count(len(row))
        for index, (name, value) in enumerate(zip(self.features, row)):
            number = _number(value)
            if number is None:
                raise UnsupportedType(f'feature "{name}" is {value!r}{where}, not a number')
            if math.isnan(number):
                if not self.missing:
                    raise MissingValue(
                        f'feature "{name}" is NULL or NaN{where}, and the model knows no missing values'
                    )
                continue
            if math.isinf(number):
                raise InfiniteValue(f'feature "{name}" is infinite{where}')
            if self._common.center is not None:
                number = (number - self._common.center[index]) / self._common.scale[index]
            if math.isinf(array("f", [number])[0] if self._single_input else number):
                raise InfiniteValue(f'feature "{name}" is {value!r}{where}, which is too large for the model')


def _count(features: object) -> int:
    """Return how many numbers an array holds, without a look at each of a flat one: there may be millions."""
    if not isinstance(features, (list, tuple)):
        return 1
    if features and isinstance(features[0], (list, tuple)):
        return sum(map(_count, features))
    return len(features)


def _flat(features: object):
    if isinstance(features, (list, tuple)):
        for item in features:
            yield from _flat(item)
    else:
        yield features


def _number(value: object) -> float | None:
    """Return a feature as a float, NaN for None; None where it is no number."""
    if value is None:
        return math.nan
    try:
        return float(value) if not isinstance(value, (str, bytes)) else None
    except (TypeError, ValueError):
        return None
    except OverflowError:
        return math.inf
