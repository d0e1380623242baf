"""What must hold between the hyperparameters of LightGBM, or between some and the data."""

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
        "subsample and subsample_freq, or colsample_bytree, must have each tree see a part of the data"
        " where boosting_type is rf",
        lambda boosting_type, data_sample_strategy, subsample, subsample_freq, colsample_bytree: (
            boosting_type != "rf"
            or data_sample_strategy == "goss"
            or (subsample < 1 and subsample_freq > 0)
            or colsample_bytree < 1
        ),
    ),
    Constraint(
        "boosting_type must be gbdt or rf where early_stopping_rounds is given",
        lambda boosting_type, early_stopping_rounds: early_stopping_rounds is None or boosting_type != "dart",
    ),
    Constraint(
        "subsample_freq must be 0 where data_sample_strategy is goss",
        lambda data_sample_strategy, subsample_freq: data_sample_strategy != "goss" or subsample_freq == 0,
    ),
    Constraint(
        "top_rate and other_rate must both be above 0 and make at most 1 where data_sample_strategy is goss",
        lambda data_sample_strategy, top_rate, other_rate: (
            data_sample_strategy != "goss" or (min(top_rate, other_rate) > 0 and top_rate + other_rate <= 1)
        ),
    ),
    Constraint(
        "monotone_constraints must have one number a feature",
        lambda monotone_constraints, X: (
            monotone_constraints is None or len(monotone_constraints) == X.shape[1]
        ),
    ),
    Constraint(
        "interaction_constraints must name features from 0 to their number less 1",
        lambda interaction_constraints, X: (
            interaction_constraints is None or max(map(max, interaction_constraints)) < X.shape[1]
        ),
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
        "alpha must be less than 1 where objective is quantile",
        lambda alpha, objective: objective != "quantile" or alpha < 1,
    ),
    Constraint(
        "monotone_constraints must be null where objective is regression_l1, quantile or mape",
        lambda monotone_constraints, objective: (
            monotone_constraints is None or objective not in ("regression_l1", "quantile", "mape")
        ),
    ),
    Constraint(
        "the target must not be negative, nor 0 in all rows, where objective is poisson, gamma or tweedie",
        lambda objective, y: (
            objective not in ("poisson", "gamma", "tweedie") or (y.min() >= 0 and y.max() > 0)
        ),
    ),
)

CLASSIFICATION_CONSTRAINTS = (
    Constraint(
        "scale_pos_weight, pos_bagging_fraction and neg_bagging_fraction must be 1 where there are more than two"
        " classes",
        lambda scale_pos_weight, pos_bagging_fraction, neg_bagging_fraction, y: (
            y.max() < 2 or scale_pos_weight == pos_bagging_fraction == neg_bagging_fraction == 1
        ),
    ),
)
