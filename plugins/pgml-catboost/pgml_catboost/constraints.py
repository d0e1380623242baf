"""What must hold between the hyperparameters of CatBoost, or between some and the data."""

from __future__ import annotations

import math
from typing import Any

from pgml import Constraint


def _can_hold_out(share: float, y: Any) -> bool:
    """Return whether ``share`` of the rows can be held out with rows of each class of ``y`` on both sides."""
    import numpy

    held_out = math.ceil(share * len(y))
    if y.dtype.kind == "f":
        return held_out < len(y)
    counts = numpy.bincount(y)
    return counts.min() >= 2 and min(len(y) - held_out, held_out) >= len(counts)


CONSTRAINTS = (
    Constraint(
        "boosting_type must be Plain or null where grow_policy is not SymmetricTree",
        lambda boosting_type, grow_policy: boosting_type != "Ordered" or grow_policy == "SymmetricTree",
    ),
    Constraint(
        "sampling_frequency must be PerTree or null where grow_policy is Lossguide",
        lambda sampling_frequency, grow_policy: (
            sampling_frequency != "PerTreeLevel" or grow_policy != "Lossguide"
        ),
    ),
    Constraint(
        "score_function must be L2 or null where grow_policy is Lossguide",
        lambda score_function, grow_policy: score_function != "Cosine" or grow_policy != "Lossguide",
    ),
    Constraint(
        "monotone_constraints must be null where grow_policy is not SymmetricTree",
        lambda monotone_constraints, grow_policy: (
            monotone_constraints is None or grow_policy == "SymmetricTree"
        ),
    ),
    Constraint(
        "monotone_constraints must have one number a feature",
        lambda monotone_constraints, X: (
            monotone_constraints is None or len(monotone_constraints) == X.shape[1]
        ),
    ),
    Constraint(
        "feature_weights must have one number a feature",
        lambda feature_weights, X: feature_weights is None or len(feature_weights) == X.shape[1],
    ),
    Constraint(
        "validation_fraction must leave rows of each class on both sides where early_stopping_rounds is given",
        lambda validation_fraction, early_stopping_rounds, y: (
            early_stopping_rounds is None or _can_hold_out(validation_fraction, y)
        ),
    ),
)

REGRESSION_CONSTRAINTS = (
    Constraint(
        "monotone_constraints must be null where loss_function is MAE, Quantile, MAPE or LogCosh",
        lambda monotone_constraints, loss_function: (
            monotone_constraints is None or loss_function not in ("MAE", "Quantile", "MAPE", "LogCosh")
        ),
    ),
    Constraint(
        "the target must not be negative where loss_function is Poisson or Tweedie",
        lambda loss_function, y: loss_function not in ("Poisson", "Tweedie") or y.min() >= 0,
    ),
)

CLASSIFICATION_CONSTRAINTS = (
    Constraint(
        "monotone_constraints must be null where there are more than two classes",
        lambda monotone_constraints, y: monotone_constraints is None or y.max() < 2,
    ),
    Constraint(
        "scale_pos_weight must be 1 where there are more than two classes",
        lambda scale_pos_weight, y: scale_pos_weight == 1 or y.max() < 2,
    ),
    Constraint(
        "scale_pos_weight must be 1 where auto_class_weights is given",
        lambda scale_pos_weight, auto_class_weights: scale_pos_weight == 1 or auto_class_weights is None,
    ),
)
