"""What a predictor may carry to be explained with: cover counts of trees, importances of features.

Nothing that predicts looks at them. Their shapes are checked with those of all other tensors, their numbers when
they are asked for, so that until then they stay where they lie.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pgml.errors import CorruptPredictor
from pgml.predictors.read.format import NODE_BYTES, Tensor


def cover_of(family: str, tensors: Mapping[str, Tensor]) -> memoryview | None:
    """Return float32 [n_nodes], [n_leaves] where trees are oblivious; None where there is none.

    There is one number more in the file where that makes their count even: the nodes behind them stay aligned. Raises
    CorruptPredictor for another type or shape.
    """
    cover = tensors.get("cover")
    if cover is None:
        return None
    if family == "forest":
        n_covered = len(tensors["nodes"].items) // NODE_BYTES
    elif family == "oblivious":
        n_covered = tensors["leaves"].shape[0]
    else:
        raise CorruptPredictor(f"the predictor has cover counts and is of the family {family}")
    if (cover.dtype, cover.shape) != ("F32", (n_covered + n_covered % 2,)):
        raise CorruptPredictor("the predictor's cover counts do not fit its trees")
    return cover.items[:n_covered]


def importances_of(tensors: Mapping[str, Tensor], n_features: int) -> memoryview | None:
    """Return float64 [n_features], None where there is none; raise CorruptPredictor for another type or shape."""
    importances = tensors.get("importances")
    if importances is None:
        return None
    if (importances.dtype, importances.shape) != ("F64", (n_features,)):
        raise CorruptPredictor("the predictor's importances do not fit its features")
    return importances.items


def checked(numbers: memoryview | None, what: str) -> memoryview | None:
    """Return the numbers as they are; raise CorruptPredictor where one of them is negative or not finite."""
    if numbers is not None and not (math.isfinite(sum(numbers)) and min(numbers) >= 0):
        raise CorruptPredictor(f"among the predictor's {what} is a number that is negative or not finite")
    return numbers
