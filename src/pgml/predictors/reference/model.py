"""A model in plain Python: rows are cleaned and scaled, the family gives scores, the output an answer."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence

from pgml.predictors.read.parts import Common
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

    def predict_into(self, rows: object, n_rows: int, result: object) -> int | None:
        """Write the answers [n_rows] to float64 rows in C order; return the index of the first row not clean."""
        return self._fill(rows, n_rows, result, lambda clean: [self._output.answer(*self._scores(clean))])

    def predict_proba_into(self, rows: object, n_rows: int, result: object) -> int | None:
        """Write the probabilities [n_rows * n_classes] of rows, as predict_into; only where there are any."""
        return self._fill(rows, n_rows, result, lambda clean: self._output.probabilities(*self._scores(clean)))

    @property
    def has_probabilities(self) -> bool:
        """Whether predict_proba answers."""
        return self._output.has_probabilities

    def _fill(
        self, rows: object, n_rows: int, result: object, answer: Callable[[list[float]], list[float]]
    ) -> int | None:
        n = self._common.n_features
        values, answers = (memoryview(buffer).cast("B").cast("d") for buffer in (rows, result))
        width = len(answers) // n_rows if n_rows else 0
        for index in range(n_rows):
            clean = self._clean(values[index * n : (index + 1) * n])
            if clean is None:
                return index
            answers[index * width : (index + 1) * width] = array("d", answer(clean))
        return None

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
                number = (number - common.center[index]) / common.scale[index]
            if self._single_input or common.single:
                number = single(number)
            if math.isinf(number) or (math.isnan(number) and not common.missing):
                return None
            clean.append(number)
        return clean
