"""What an objective is: all that pgml has to know of what a model is for, behind one type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_ROUNDING = 1e-9  # two scores that differ by less, as a share of them, are the same


class Objective:
    """What a model is for: what its target may be, what it predicts, how good it is, and which of two is better.

    An algorithm names its objective; whatever depends on the objective is asked here, and nowhere decided by
    the name. A PostgreSQL backend imports this: numpy and scikit-learn are imported inside the methods.

    ``y`` is the target as the estimator is given it [rows], None for an objective that has none. ``classes``
    are the labels that stand behind an estimator's indices [classes], None where its predictions are the
    answers themselves.

    Attributes:
        name: how users ask for it, in lower_snake_case.
        other_names: what else people call it; a hint leads from them to the name.
        key_metric: the metric that models are compared by, one of those of :meth:`metrics`.
        higher_is_better: whether a higher value of it is the better one.
        measured: whether the target is a quantity, of which it means something that it is above 0.
        test_sampling: how test rows are chosen where nobody says (see ``pgml.wire.sampling``).
        prediction: what an estimator's ``predict`` returns; it completes the sentence "predict returns ...".
        example: a project and a data set for examples in the documentation; the target is ``target``.
    """

    name: str
    other_names: tuple[str, ...] = ()
    key_metric: str
    higher_is_better: bool
    measured: bool = False
    test_sampling: str = "random"
    prediction: str
    example: tuple[str, str]

    def is_better(self, value: float | None, than: float | None) -> bool:
        """Return whether one value of the key metric is better than another, beyond rounding; None is the worst.

        Libraries that compute in several threads differ in the last digits from run to run.
        """
        if value is None or than is None:
            return value is not None and than is None
        if math.isclose(value, than, rel_tol=_ROUNDING):
            return False
        return value > than if self.higher_is_better else value < than

    # -- before an estimator is fitted -----------------------------------------------------------------------

    def read_target(self, values: Any, column: str) -> tuple[Any, Any]:
        """Return ``y`` and ``classes`` for the values of the target [rows], float64, none of them missing.

        Raises:
            UnusableData: they are not what this objective can learn; ``column`` is their name.
        """
        raise NotImplementedError

    def check_training_rows(self, y: Any, classes: Any, column: str) -> None:
        """Raise UnusableData where the rows that are left to train on cannot teach what there is to learn."""

    # -- what a fitted estimator says ------------------------------------------------------------------------

    def predictions(self, predicted: Any, rows: int, classes: Any) -> Any:
        """Return what an estimator predicted for so many rows as an array, checked: float64 [rows].

        Raises:
            ValueError: with what it is instead.
        """
        import numpy as np

        predictions = np.asarray(predicted)
        if predictions.shape != (rows,) or predictions.dtype.kind not in "fiub":
            raise ValueError(f"{predictions.dtype} of shape {predictions.shape} for {rows} rows")
        if not np.isfinite(predictions).all():
            raise ValueError(f"{predictions[~np.isfinite(predictions)][0]:g}")
        return predictions.astype(np.float64)

    def probabilities(self, fitted: Any, X: Any, classes: Any) -> Any:
        """Return the probabilities [rows, classes] that an estimator gives, None where it gives none.

        Raises:
            ValueError: they are no such thing.
        """
        return None

    def answers(self, predictions: Any, classes: Any) -> Any:
        """Return what users are told for an estimator's predictions [rows]."""
        return predictions

    def metrics(self, y: Any, predictions: Any, probabilities: Any = None) -> dict[str, float | None]:
        """Return the scores of predictions [rows] on rows that were not trained on; None is not defined."""
        raise NotImplementedError

    # -- the compiled model ----------------------------------------------------------------------------------

    def difference(self, served: Any, expected: Any) -> str | None:
        """Say how a compiled model's answers [rows] differ from its estimator's, None where they are the same."""
        raise NotImplementedError

    def engine_output(self, classes: Any) -> tuple[str, int]:
        """Return the output and the number of scores of a predictor that leaves its work to the engine."""
        raise NotImplementedError

    # -- the conformance suite -------------------------------------------------------------------------------

    def example_targets(self, signal: Any) -> Mapping[str, Any]:
        """Return targets [rows] to try an algorithm on, by what is special about them.

        ``signal`` [rows] are numbers that follow from the features, but for a little noise. The first target is
        called plain and easy to learn.
        """
        raise NotImplementedError

    def naive_predictions(self, y: Any) -> Any:
        """Return the best predictions [rows] for ``y`` that look at no feature."""
        raise NotImplementedError

    def ties(self, fitted: Any, X: Any, predictions: Any) -> Any:
        """Return for which rows [rows] the estimator has no reason to prefer its own predictions to these."""
        import numpy as np

        return np.zeros(len(X), dtype=bool)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name}>"


def finite(**scores: float | None) -> dict[str, float | None]:
    """Return the scores as plain numbers; what is no number is None, since JSON has no word for it."""
    return {
        name: float(score) if score is not None and math.isfinite(score) else None
        for name, score in scores.items()
    }
