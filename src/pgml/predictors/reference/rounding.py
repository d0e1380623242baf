"""Arithmetic as the libraries do it: float32 rounding, and functions that overflow to infinity."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable


def single(value: float) -> float:
    """Return ``value`` rounded to float32; beyond its range, infinity."""
    return array("f", [value])[0]


def double(value: float) -> float:
    """Return ``value``, which is a float64 already."""
    return value


def rounding(is_single: bool) -> Callable[[float], float]:
    """Return the rounding that follows every operation in that precision."""
    return single if is_single else double


def exp(value: float) -> float:
    """Return e ** value; infinity where it overflows."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def divide(numerator: float, denominator: float) -> float:
    """Return the IEEE quotient, also by zero."""
    if denominator != 0:
        return numerator / denominator
    if numerator == 0 or math.isnan(numerator):
        return math.nan
    return math.copysign(math.inf, numerator) * math.copysign(1.0, denominator)


def power(base: float, exponent: float) -> float:
    """Return base ** exponent as C's pow does: infinity where it overflows, NaN where it is not real."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        odd = exponent % 2 == 1
        return -math.inf if base < 0 and odd else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def sigmoid(value: float) -> float:
    """Return 1 / (1 + exp(-value))."""
    return 1.0 / (1.0 + exp(-value))


def sigmoid_single(value: float) -> float:
    """Return the sigmoid as XGBoost computes it, in float32; the exponent is kept from overflowing."""
    power_of_e = single(exp(min(-value, single(88.7))))
    return single(1.0 / single(power_of_e + 1.0))
