"""Read a safetensors file with the standard library: tensors as views of the caller's bytes, nothing copied."""

from __future__ import annotations

import math
import struct
from collections import namedtuple

from pgml.errors import CorruptPredictor

VERSION = 1
METADATA_KEY = "pgml"
NODE_BYTES = 16  # of a forest's node
# marks in the ``feature`` of one
LEAF = 1 << 31
MISSING_LEFT = 1 << 30
# an oblivious tree has no more levels, and a column of borders no more of them
DEEPEST = 16
MOST_BORDERS = 255
# the support vectors of a kernel machine lie in panels of so many, feature by feature
PANEL = 8

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, SystemError)
_ITEMS = {"F64": ("d", 8), "F32": ("f", 4), "I64": ("q", 8), "U8": ("B", 1)}


class Tensor(namedtuple("Tensor", ("dtype", "shape", "items"))):
    """A tensor of a file: its type as safetensors names it, its shape, and a memoryview [size] of items."""

    __slots__ = ()


def parse(buffer: object) -> tuple[dict, dict[str, Tensor]]:
    """Return the metadata of pgml and the tensors of a file; raise CorruptPredictor where it is not sound.

    ``buffer`` is anything with the buffer interface (bytes, mmap, memoryview) and must outlive the tensors.
    """
    metadata, tensors = sections(buffer)
    try:
        about = read_json(metadata[METADATA_KEY])
        if type(about["version"]) is not int or about["version"] != VERSION:
            raise CorruptPredictor(f"the predictor is of version {about['version']!r}, this is version {VERSION}")
    except _UNREADABLE as error:
        raise CorruptPredictor(f"the predictor's header cannot be read: {error}") from error
    return about, tensors


def sections(buffer: object) -> tuple[dict, dict[str, Tensor]]:
    """Return all metadata, and the tensors; otherwise as ``parse``."""
    view = memoryview(buffer).cast("B")
    if len(view) < 8:
        raise CorruptPredictor("the predictor is shorter than its header")
    (length,) = struct.unpack_from("<Q", view)
    if length > len(view) - 8:
        raise CorruptPredictor(f"the predictor's header claims {length} bytes, more than there are")
    try:
        header = read_json(str(view[8 : 8 + length], "utf-8"))
        metadata = header.pop("__metadata__")
        data = view[8 + length :]
        tensors = {name: _tensor(name, entry, data) for name, entry in header.items()}
        covered = sum(tensor.items.nbytes for tensor in tensors.values())
    except _UNREADABLE as error:
        raise CorruptPredictor(f"the predictor's header cannot be read: {error}") from error
    if covered != len(data):
        raise CorruptPredictor(f"the predictor's tensors take {covered} bytes, there are {len(data)}")
    return metadata, tensors


class _Scanning:
    """What the scanner asks of its decoder: the defaults of ``json.loads``."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def read_json(text: str) -> object:
    """Return what ``json.loads`` does, with the C scanner that it uses: importing json takes a new backend 8 ms."""
    try:
        from _json import make_scanner
    except ImportError:  # a Python that has none
        import json

        return json.loads(text)
    try:
        value, end = make_scanner(_Scanning)(text, 0)
    except StopIteration:
        raise ValueError("it is no JSON") from None
    if text[end:].strip(" "):
        raise ValueError("there is more behind its JSON")
    return value


def _tensor(name: str, entry: dict, data: memoryview) -> Tensor:
    code, size = _ITEMS[entry["dtype"]]
    shape, (begin, end) = tuple(entry["shape"]), entry["data_offsets"]
    if len(shape) > 2 or not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
        raise CorruptPredictor(f"the predictor's tensor {name!r} has a shape or place that is no number")
    if not begin <= end <= len(data) or end - begin != math.prod(shape) * size:
        raise CorruptPredictor(f"the predictor's tensor {name!r} does not lie inside the file")
    return Tensor(entry["dtype"], shape, data[begin:end].cast(code))
