"""Names, texts and numbers as SQL writes them."""

from __future__ import annotations

import numpy as np


def name(word: str) -> str:
    """Return an identifier, quoted."""
    return '"' + word.replace('"', '""') + '"'


def text(words: str) -> str:
    """Return a text literal, which means the same whatever standard_conforming_strings is."""
    quoted = words.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in quoted else f"'{quoted}'"


def untyped(number: float) -> str:
    """Return a number that takes its type from what it stands beside; as float8 it is exact."""
    return f"'{float(number)!r}'"


def double(number: float) -> str:
    """Return a number as float8, exact."""
    return f"{untyped(number)}::float8"


def real(number: float) -> str:
    """Return a number as real, rounded to it."""
    return f"'{np.float32(number)!s}'::real"
