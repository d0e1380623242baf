"""Change predictors: values of their description, numbers and sizes of their tensors, parts of others, and bytes at random."""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from pgml.predictors.read.expressions import COMBINATIONS, LEAVES
from pgml.predictors.read.format import LEAF, METADATA_KEY, MISSING_LEFT
from pgml.predictors.read.outputs import CLASSIFICATION, REGRESSION

_ITEMS = {"F64": ("<d",), "F32": ("<f",), "I64": ("<q",), "U8": ("<d", "<I", "<B")}  # bytes hold nodes of trees
_WHOLE = (-1, 0, 1, 2, 3, 7, 8, 9, 127, 255, 256, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 53, 1 << 62, (1 << 63) - 1)
_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0**31, 2.0**32, 1e18, 1e38, 5e-324, 1e-40, math.inf, -math.inf, math.nan)
_NUMBERS = {
    "<d": (*_FLOATS, 1e300, -1e300, 1.7e308),
    "<f": _FLOATS,
    "<q": (*_WHOLE, -(1 << 63)),
    "<I": (0, 1, 2, 3, 4, LEAF, MISSING_LEFT, LEAF | 1, LEAF - 1, MISSING_LEFT - 1, (1 << 32) - 1),
    "<B": (0, 1, 127, 128, 255),
}
_WORDS = (*LEAVES, *COMBINATIONS, "power", *REGRESSION, *CLASSIFICATION, "linear", "forest", "oblivious", "kernel", "dense", "median", "sum", "")
_VALUES = (*_WHOLE, *_FLOATS, *_WORDS, 1 << 64, 1e308, True, False, None, [], {}, [0], [[]])


@dataclasses.dataclass
class Parts:
    """A predictor taken apart: what it says of itself, and for each tensor its type, shape and bytes."""

    about: dict[str, Any]
    tensors: dict[str, tuple[str, list[int], bytearray]]

    @classmethod
    def of(cls, data: bytes) -> Parts:
        (length,) = struct.unpack_from("<Q", data)
        header, items = json.loads(data[8 : 8 + length]), data[8 + length :]
        about = json.loads(header.pop("__metadata__")[METADATA_KEY])
        return cls(
            about,
            {
                name: (entry["dtype"], entry["shape"], bytearray(items[slice(*entry["data_offsets"])]))
                for name, entry in header.items()
            },
        )

    def header(self) -> dict[str, Any]:
        """Return the header that fits the tensors."""
        entries, end = {}, 0
        for name, (kind, shape, items) in self.tensors.items():
            entries[name] = {"dtype": kind, "shape": shape, "data_offsets": [end, end + len(items)]}
            end += len(items)
        return {"__metadata__": {METADATA_KEY: json.dumps(self.about)}, **entries}

    def to_bytes(self, header: dict[str, Any]) -> bytes:
        """Return the file with that header, whether it fits or not."""
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + b"".join(items for _, _, items in self.tensors.values())


def mutated(random: Random, predictor: bytes, others: Sequence[bytes]) -> bytes:
    """Return a predictor that is different in one place or several; ``others`` lend it their parts."""
    parts = Parts.of(predictor)
    for _ in range(random.choice((1, 1, 2, 3))):
        random.choice(_CHANGES)(random, parts, Parts.of(random.choice(others)))
    header = parts.header()
    if random.random() < 0.1:
        _change_value(random, header)
    data = bytearray(parts.to_bytes(header))
    if random.random() < 0.1:
        _change_bytes(random, data)
    return bytes(data)


def _describe_otherwise(random: Random, parts: Parts, other: Parts) -> None:
    _change_value(random, parts.about)


def _describe_as_another(random: Random, parts: Parts, other: Parts) -> None:
    key = random.choice(list(other.about))
    parts.about[key] = other.about[key]


def _change_numbers(random: Random, parts: Parts, other: Parts) -> None:
    kind, _, items = parts.tensors[random.choice(list(parts.tensors))]
    code = random.choice(_ITEMS.get(kind, ("<B",)))
    places = len(items) // struct.calcsize(code)
    for _ in range(random.choice((1, 1, 1, 4, 16)) if places else 0):
        number = random.choice(_NUMBERS[code])
        if random.random() < 0.3:
            number = random.gauss(0, 3) if code in ("<d", "<f") else random.randrange(20)
        struct.pack_into(code, items, random.randrange(places) * struct.calcsize(code), number)


def _change_size(random: Random, parts: Parts, other: Parts) -> None:
    """Take some of a tensor's items away or repeat them, with a shape that says so."""
    name = random.choice(list(parts.tensors))
    kind, shape, items = parts.tensors[name]
    row = len(items) // shape[0] if shape and shape[0] else 8
    first = random.randrange(len(items) + 1) // row * row
    some = row * random.choice((1, 1, 2, 8, 16, 64))
    if random.random() < 0.5:
        items[first : first + some] = b""
    else:
        items[first:first] = bytes(items[first : first + some]) or bytes(some)
    parts.tensors[name] = (kind, [len(items) // row, *shape[1:]], items)


def _take_tensor(random: Random, parts: Parts, other: Parts) -> None:
    name = random.choice(list(other.tensors))
    parts.tensors[random.choice((name, *parts.tensors))] = other.tensors[name]


def _drop_tensor(random: Random, parts: Parts, other: Parts) -> None:
    if len(parts.tensors) > 1:
        del parts.tensors[random.choice(list(parts.tensors))]


_CHANGES: tuple[Callable[[Random, Parts, Parts], None], ...] = (
    *[_change_numbers] * 5, *[_describe_otherwise] * 3, *[_change_size] * 2, _describe_as_another, _take_tensor, _drop_tensor,
)  # fmt: skip


def _change_value(random: Random, root: dict[str, Any]) -> None:
    """Change, drop or repeat one value somewhere in nested dictionaries and lists."""
    places: list[tuple[Any, Any]] = []
    containers: list[Any] = [root]
    for container in containers:
        keys = list(container) if isinstance(container, dict) else range(len(container))
        places += [(container, key) for key in keys]
        containers += [container[key] for key in keys if isinstance(container[key], (dict, list))]
    container, key = random.choice(places)
    old, draw = container[key], random.random()
    if draw < 0.1:
        del container[key]
    elif draw < 0.2 and isinstance(container, list):
        container.insert(key, old)
    elif draw < 0.5 and type(old) in (int, float):
        container[key] = random.choice((old + 1, old - 1, old * 2, -old, float(old)))
    else:
        container[key] = random.choice(_VALUES)


def _change_bytes(random: Random, data: bytearray) -> None:
    for _ in range(random.choice((1, 1, 2, 3))):
        place = random.randrange(len(data)) if data else 0
        how = random.choice(("flip", "set", "cut", "insert", "end"))
        if how == "flip" and data:
            data[place] ^= 1 << random.randrange(8)
        elif how == "set" and data:
            data[place] = random.choice((0, 1, 127, 128, 255, ord("9")))
        elif how == "cut":
            del data[place : place + random.randrange(1, 10)]
        elif how == "insert":
            data[place:place] = random.randbytes(random.randrange(1, 10))
        elif how == "end":
            del data[place:]
