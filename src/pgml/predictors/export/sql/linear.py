"""The scores of a linear model in SQL."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pgml.predictors.export.sql.literals import double, real, untyped
from pgml.predictors.read.parts import Common

# A center this many times its scale away from 0 may go into the intercept: what is lost to rounding then is no more
# than 2 ** -36 of what a feature of ordinary size adds.
_NEAR = 2.0**16
_SMALLEST = 2.0**-960  # of a product that is used as it is: a smaller one has lost digits


def scores(
    common: Common, coefficients: Sequence[float], intercept: Sequence[float], features: Sequence[str]
) -> list[str]:
    """Return an expression a score; ``features`` are those of the raw features.

    Each feature is used once in it. The scaling is multiplied into coefficients and intercept, where that is as good.
    """
    n = common.n_features
    write = _single if common.single else _known if common.missing else _double
    return [
        write(common, coefficients[score * n : (score + 1) * n], constant, features)
        for score, constant in enumerate(intercept)
    ]


def _double(common: Common, weights: Sequence[float], constant: float, features: Sequence[str]) -> str:
    terms, constants = [], [constant]
    for place, (feature, weight) in enumerate(zip(features, weights)):
        if common.center is None:
            terms.append(f"{feature} * {untyped(weight)}")
            continue
        center, scale = common.center[place], common.scale[place]
        slope = weight / scale
        if not math.isfinite(slope) or (weight and abs(slope) < _SMALLEST):
            terms.append(f"({feature} - {untyped(center)}) / {untyped(scale)} * {untyped(weight)}")
        elif abs(center) > _NEAR * abs(scale):
            terms.append(f"({feature} - {untyped(center)}) * {untyped(slope)}")
        else:
            terms.append(f"{feature} * {untyped(slope)}")
            constants.append(-center * slope)
    return _added([*terms, double(math.fsum(constants))])


def _known(common: Common, weights: Sequence[float], constant: float, features: Sequence[str]) -> str:
    """Where a missing value adds nothing."""
    terms = [
        f"coalesce({value} * {untyped(weight)}, '0')"
        for value, weight in zip(_scaled(common, features), weights)
    ]
    return _added([*terms, double(constant)])


def _single(common: Common, weights: Sequence[float], constant: float, features: Sequence[str]) -> str:
    """In float32, from the intercept on; a missing value adds nothing."""
    values = _scaled(common, features)
    terms = [f"coalesce({value}::real * {real(weight)}, '0')" for value, weight in zip(values, weights)]
    return _added([real(constant), *terms])


def _scaled(common: Common, features: Sequence[str]) -> list[str]:
    values = [f"nullif({feature}, 'NaN')" for feature in features]
    if common.center is None:
        return values
    return [
        f"(({value} - {untyped(center)}) / {untyped(scale)})"
        for value, center, scale in zip(values, common.center, common.scale)
    ]


def _added(terms: Sequence[str]) -> str:
    return "(" + "\n        + ".join(terms) + ")"
