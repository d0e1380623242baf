"""A model in plain Python: rows are cleaned and scaled, the family gives scores, the output an answer."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence

from pgml.predictors.reading import Common
from pgml.predictors.reference.output import Output
from pgml.predictors.reference.rounding import single


class Model:
    """The reference of the C module's type of the same name, method by method.

    ``scores`` takes a clean row and returns (scores, variances); variances is empty for all families but
    Gaussian processes. ``single_input`` rounds features to float32.
    """

    def __init__(
        self,
        common: Common,
        scores: Callable[[Sequence[float]], tuple[list[float], list[float]]],
        *,
        single_input: bool = False,
        platt: Sequence[float] | None = None,
    ):
        self._common = common
        self._scores = scores
        self._single_input = single_input
        self._output = Output(common, platt)

    def predict(self, row: Sequence[object]) -> float | None:
        """Return the value or label of one row; None where the row is not clean."""
        clean = self._clean(row)
        return None if clean is None else self._output.answer(*self._scores(clean))

    def predict_proba(self, row: Sequence[object]) -> list[float] | None:
        """Return the probability of each class; None where there are none or the row is not clean."""
        clean = self._clean(row) if self._output.has_probabilities else None
        return None if clean is None else self._output.probabilities(*self._scores(clean))

    def predict_batch(self, rows: object, n_rows: int) -> array | int:
        """Return the answers [n_rows] to float64 rows in C order, or the index of the first that is not clean."""
        return self._batch(rows, n_rows, lambda clean: [self._output.answer(*self._scores(clean))])

    def predict_proba_batch(self, rows: object, n_rows: int) -> array | int | None:
        """Return the probabilities [n_rows * n_classes], or an index as predict_batch; None: there are none."""
        if not self._output.has_probabilities:
            return None
        return self._batch(rows, n_rows, lambda clean: self._output.probabilities(*self._scores(clean)))

    def _batch(self, rows: object, n_rows: int, answer: Callable[[list[float]], list[float]]) -> array | int:
        values, n = memoryview(rows).cast("B").cast("d"), self._common.n_features
        if n_rows < 0 or len(values) != n_rows * n:
            raise ValueError(f"{len(values)} numbers are not {n_rows} rows of {n}")
        answers = array("d")
        for index in range(n_rows):
            clean = self._clean(values[index * n : (index + 1) * n])
            if clean is None:
                return index
            answers.extend(answer(clean))
        return answers

    def _clean(self, row: Sequence[object]) -> list[float] | None:
        common = self._common
        if not isinstance(row, (list, tuple, memoryview)) or len(row) != common.n_features:
            return None
        clean = []
        for index, value in enumerate(row):
            if value is None:
                value = math.nan
            elif not isinstance(value, (float, int)):
                return None
            try:
                number = float(value)
            except OverflowError:
                return None
            if common.center is not None:
                number = (number - common.center[index]) / common.scale[index] if common.scale[index] else math.inf
            if self._single_input or common.single:
                number = single(number)
            if math.isinf(number) or (math.isnan(number) and not common.missing):
                return None
            clean.append(number)
        return clean
