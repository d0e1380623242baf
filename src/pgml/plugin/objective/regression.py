"""Regression: the target is a number that is measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pgml.plugin.objective.definition import Objective, finite


class Regression(Objective):
    """Predicts a number; the mean squared error decides."""

    name = "regression"
    other_names = ("regressor", "regress", "reg", "continuous", "numeric", "number", "mse", "squared_error")
    key_metric = "mean_squared_error"
    higher_is_better = False
    measured = True
    prediction = "one finite number a row"
    example = ("Diabetes", "pgml.diabetes")

    def read_target(self, values: Any, column: str) -> tuple[Any, Any]:
        return values, None

    def metrics(self, y: Any, predictions: Any, probabilities: Any = None) -> dict[str, float | None]:
        """Return the scores of predictions [rows] against true values [rows].

        mean_squared_error, root_mean_squared_error and mean_absolute_error are in (powers of) the target's unit;
        r2 is None for a single row, where it is not defined.
        """
        from sklearn import metrics

        mean_squared_error = metrics.mean_squared_error(y, predictions)
        return finite(
            mean_squared_error=mean_squared_error,
            root_mean_squared_error=math.sqrt(mean_squared_error),
            mean_absolute_error=metrics.mean_absolute_error(y, predictions),
            r2=metrics.r2_score(y, predictions) if len(y) > 1 else None,
        )

    def difference(self, served: Any, expected: Any) -> str | None:
        """Say by how much they differ, where it is more than a millionth."""
        import numpy as np

        if np.allclose(served, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max(), equal_nan=True):
            return None
        return f"by up to {np.abs(served - expected).max():g}"

    def engine_output(self, classes: Any) -> tuple[str, int]:
        return "value", 1

    def example_targets(self, signal: Any) -> Mapping[str, Any]:
        import numpy as np

        return {"plain": signal, "a constant target": np.full(len(signal), 3.0)}

    def naive_predictions(self, y: Any) -> Any:
        import numpy as np

        return np.full(len(y), y.mean())
