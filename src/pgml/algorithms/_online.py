"""What linear models that are fitted row by row have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgml.algorithms._scikit_learn import LinearModel
from pgml.algorithms._settings import (
    FIT_INTERCEPT,
    MAX_ITER,
    N_ITER_NO_CHANGE,
    RANDOM_STATE,
    TOLERANCE,
    VALIDATION_FRACTION,
    can_hold_out,
)
from pgml.errors import InvalidHyperparameter
from pgml.plugin.hyperparameters import Boolean, Constraint, Either, Hyperparameter, Integer

PASSES = (
    FIT_INTERCEPT,
    MAX_ITER.but(description="The most passes over the training rows."),
    TOLERANCE.but(
        default=1e-3,
        description="Stops when a pass improves the loss by less than this, n_iter_no_change times in a row;"
        " null makes all max_iter passes.",
        nullable=True,
        search=(),
    ),
    Hyperparameter("shuffle", Boolean(), True, "Whether to shuffle the rows before each pass."),
    Hyperparameter(
        "early_stopping",
        Boolean(),
        False,
        "Whether to stop by the score on rows held out from training, rather than by the loss on all.",
    ),
    VALIDATION_FRACTION,
    N_ITER_NO_CHANGE,
    RANDOM_STATE,
)
AVERAGE = Hyperparameter(
    "average",
    Either(Boolean(), Integer(minimum=1)),
    False,
    "Whether to answer with the mean of the coefficients over all steps; a number says after how many rows"
    " the mean begins.",
)
HOLD_OUT = Constraint(
    "validation_fraction must leave rows of each class on both sides where early_stopping is true",
    lambda validation_fraction, early_stopping, y: not early_stopping or can_hold_out(validation_fraction, y),
)


class Online(LinearModel):
    """A linear model that is fitted row by row; ``C`` or ``eta0`` is the size of its steps."""

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        try:
            return super().fit(values, X, y)
        except ValueError as error:
            if "under-/overflow" not in str(error):
                raise
            size = "C" if self.name == "passive_aggressive" else "eta0"
            raise InvalidHyperparameter(
                f"{self.name}: {size} is too large for these rows, the coefficients have grown beyond all numbers,"
                f" got {values[size]:g}",
                hint=f"lower {size}, or, if that does not help, look for rows far from the others",
            ) from error
