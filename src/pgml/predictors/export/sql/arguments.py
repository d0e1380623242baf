"""The arguments of an exported function, and the SQL of each feature: what the columns were that a model was trained on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pgml.predictors.export.sql import literals

MOST = 100  # arguments of a function in PostgreSQL, unless it was compiled for more
_ELEMENT = re.compile(r"(.+)\[(\d+)\]", re.DOTALL)


class Arguments(NamedTuple):
    """Arguments as (name, type), and one SQL expression a feature."""

    declared: tuple[tuple[str, str], ...]
    features: tuple[str, ...]

    @property
    def types(self) -> str:
        """Their types, as a function is named by them."""
        return ", ".join(sql_type for _, sql_type in self.declared)


def arguments(names: Sequence[str]) -> Arguments:
    """Return an argument a column: a number, or an array where features are its elements, ``image[1]`` and so on.

    With too many columns for a function there is one argument, an array of all features in their order.
    """
    declared: list[tuple[str, str]] = []
    features = []
    for base, width in _columns(names):
        declared.append((literals.name(base), "float8" if width is None else "float8[]"))
        quoted = literals.name(base)
        features += [quoted] if width is None else [f"{quoted}[{place + 1}]" for place in range(width)]
    if len(declared) > MOST:
        return Arguments(
            (('"features"', "float8[]"),), tuple(f'"features"[{i + 1}]' for i in range(len(names)))
        )
    return Arguments(tuple(declared), tuple(features))


def _columns(names: Sequence[str]) -> list[tuple[str, int | None]]:
    """Return the columns, (name, elements of an array or None), that features of these names are of."""
    columns: list[tuple[str, int | None]] = []
    for name in names:
        element = _ELEMENT.fullmatch(name)
        if element is None:
            columns.append((name, None))
        elif element[2] == "1":
            columns.append((element[1], 1))
        elif columns and columns[-1] == (element[1], int(element[2]) - 1):
            columns[-1] = (element[1], int(element[2]))
        else:
            columns.append((name, None))
    if len({base for base, _ in columns}) < len(columns):  # a column was called x[1] itself
        return [(name, None) for name in names]
    return columns
