"""Kernels as nested tuples: their names, their parameters, and the check that a tuple is one."""

from __future__ import annotations

import math

# a kernel of the vectors u and v: (what it needs of them, names of its parameters)
#   dot: u.v; squared: sum of (u-v)^2; absolute: sum of |u-v|; none: nothing
LEAVES = {
    "linear": ("dot", ()),  # u.v
    "polynomial": ("dot", ("gamma", "coef0", "degree")),  # (gamma u.v + coef0) ^ degree
    "sigmoid": ("dot", ("gamma", "coef0")),  # tanh(gamma u.v + coef0)
    "cosine": ("cosine", ()),  # u.v / |u||v|, where a length next to nothing is taken for 1
    "rbf": ("squared", ("gamma",)),  # exp(-gamma |u-v|^2)
    "laplacian": ("absolute", ("gamma",)),  # exp(-gamma sum |u-v|)
    "constant": ("none", ("value",)),
    "white": ("none", ("noise",)),  # 0 between two points, noise on one point with itself
    "dot_product": ("dot", ("variance",)),  # variance + u.v
    "exponential_sine_squared": ("squared", ("length", "period")),  # exp(-2 (sin(pi |u-v| / period) / length)^2)
    # of r^2 = sum ((u-v) / lengths)^2, with one length or one a feature
    "gaussian": ("scaled", ()),  # exp(-r^2 / 2)
    "matern_1": ("scaled", ()),  # nu = 1/2: exp(-r)
    "matern_3": ("scaled", ()),  # nu = 3/2: (1 + sqrt3 r) exp(-sqrt3 r)
    "matern_5": ("scaled", ()),  # nu = 5/2: (1 + sqrt5 r + 5 r^2 / 3) exp(-sqrt5 r)
    "rational_quadratic": ("scaled", ("alpha",)),  # (1 + r^2 / (2 alpha)) ^ -alpha; the lengths follow alpha
}
COMBINATIONS = ("sum", "product")  # of two kernels; and ("power", kernel, exponent)
MAX_DEPTH = 32


def check_expression(expression: object, n_features: int, depth: int = 0) -> None:
    """Raise ValueError where ``expression`` is no kernel of vectors of ``n_features`` numbers."""
    if depth > MAX_DEPTH:
        raise ValueError(f"a kernel nests deeper than {MAX_DEPTH}")
    if not isinstance(expression, (tuple, list)) or not expression or not isinstance(expression[0], str):
        raise ValueError(f"{expression!r} is no kernel")
    name, *arguments = expression
    if name in COMBINATIONS and len(arguments) == 2:
        for argument in arguments:
            check_expression(argument, n_features, depth + 1)
        return
    if name == "power" and len(arguments) == 2:
        check_expression(arguments[0], n_features, depth + 1)
        arguments = arguments[1:]
    elif name not in LEAVES:
        raise ValueError(f"{name!r} is no kernel")
    else:
        needs, parameters = LEAVES[name]
        extra = len(arguments) - len(parameters)
        if extra not in ((1, n_features) if needs == "scaled" else (0,)):
            raise ValueError(f"the kernel {name!r} has {len(arguments)} parameters")
    if not all(type(number) in (int, float) and math.isfinite(number) for number in arguments):
        raise ValueError(f"a parameter of the kernel {name!r} is not finite")
