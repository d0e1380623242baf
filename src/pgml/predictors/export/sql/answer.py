"""What becomes of scores, in SQL: a value or a label, as ``pgml.predictors.read.outputs`` defines it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from pgml.predictors.export.sql.literals import double, real
from pgml.predictors.read.outputs import CLOSED
from pgml.predictors.read.parts import Common
from pgml.predictors.reference.rounding import sigmoid_single, single


def answer(common: Common, scores: Sequence[str]) -> str:
    """Return an expression of type float8 that uses each score once; NULL where a score is NULL, given one only."""
    if common.classes is None:
        return _value(common, scores[0])
    labels = [double(label) for label in common.classes]
    if len(labels) == 1:
        return labels[0]
    if len(scores) == 1:
        return f"CASE {scores[0]} {_condition(common)} WHEN true THEN {labels[1]} WHEN false THEN {labels[0]} END"
    if len(scores) == 2:
        return (
            f"CASE {scores[1]}\n    > {scores[0]} WHEN true THEN {labels[1]} WHEN false THEN {labels[0]} END"
        )
    # Arrays are compared element by element: the highest score, and of equal ones the first, brings its label along.
    rows = [
        f"ARRAY[{score}, {double(-place)}, {label}]"
        for place, (score, label) in enumerate(zip(scores, labels))
    ]
    return f"(greatest(\n    {f',{chr(10)}    '.join(rows)}))[3]"


def _value(common: Common, score: str) -> str:
    # exp of what is out of these bounds is an error in PostgreSQL
    if common.output == "exp":
        power = f"exp(greatest({score}::float8, '{-103 if common.single else -700}'))"
        return f"{power}::real::float8" if common.single else power
    if common.output == "sigmoid":
        if common.single:
            power = f"exp(least(greatest(-{score}, '-100'), {real(88.7)}))::real"
            return f"('1'::real / ({power} + '1'))::float8"
        return f"'1'::float8 / ('1' + exp(least(greatest(-{score}, '-700'), '700')))"
    return f"{score}::float8" if common.single else score


def _condition(common: Common) -> str:
    """Return what must hold of the only score for the second class, as an operator and its right side."""
    if common.single and common.output == "logistic":
        return f">= {real(_least_of_second_class())}"
    return f"{'>=' if common.output in CLOSED else '>'} '0'"


def _least_of_second_class() -> float:
    """Return the least score, float32, that gives the second class the higher probability in single precision."""

    def number(bits: int) -> float:
        return struct.unpack("<f", struct.pack("<I", bits))[0]

    least, most = (
        0,
        struct.unpack("<I", struct.pack("<f", 1.0))[0],
    )  # positive numbers are in the order of their bits
    while least < most:
        middle = (least + most) // 2
        second = sigmoid_single(number(middle))
        if second > single(1.0 - second):
            most = middle
        else:
            least = middle + 1
    return number(least)
