"""The form in which forests are stored: some two fifths of the size, widened to the predictor once for all who map it.

It is a safetensors file, too. Its metadata hold the header of the predictor, under ``HEADER_KEY``, and its tensors are
the predictor's, but for two. In place of ``nodes`` (see ``build.forest``) there are their columns:

``nodes.kinds``: of each node 0 where it is a leaf, else 1 + 2 * its feature + whether a missing value goes left;
``nodes.steps``: of each inner node how far behind it its left child is, 0 where that is told by the next of ``nodes.far``;
``nodes.thresholds`` of the inner nodes, ``nodes.values`` of the leaves.

In place of ``cover`` there are ``cover.low``, each count where it is a whole number below 255, and else 255 and the next of
``cover.others``. Numbers are of the smallest type that holds all of them: F32 or F64 [n], or whole ones, not negative, as
U8 [n, 1], [n, 2] or [n, 4], the lowest byte first.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping

from pgml.errors import CorruptPredictor
from pgml.predictors.read.format import LEAF, MISSING_LEFT, NODE_BYTES, Tensor, read_json, sections

try:
    from pgml.predictors import _evaluate
except ImportError:  # there was no compiler when pgml was installed
    _evaluate = None

HEADER_KEY = "pgml.stored"
OTHERWISE = 255  # in ``cover.low``
NODE_COLUMNS = ("kinds", "steps", "far", "thresholds", "values")
_OPENING = b'{"__metadata__":{"' + HEADER_KEY.encode() + b'"'
_UNSIGNED = {1: "B", 2: "H", 4: "I"}  # of so many bytes
_NODE = struct.Struct("<dII")
_UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, StopIteration, struct.error
)  # fmt: skip


def predictor_of(buffer: object, pure: bool = False) -> object:
    """Return the predictor that was stored: new bytes, or ``buffer`` itself where it is in no other form.

    ``pure`` asks for the definition in Python. Raises CorruptPredictor where the bytes are not sound.
    """
    if bytes(memoryview(buffer)[8 : 8 + len(_OPENING)]) != _OPENING:
        return buffer
    metadata, columns = sections(buffer)
    try:
        return _widened(metadata[HEADER_KEY], columns, pure or _evaluate is None)
    except _UNREADABLE as error:
        raise CorruptPredictor(f"the stored predictor cannot be read: {error!r}") from error


def _widened(header: str, columns: Mapping[str, Tensor], pure: bool) -> bytearray:
    text = header.encode()
    start = 8 + len(text)
    entries = {name: entry for name, entry in read_json(header).items() if name != "__metadata__"}
    sizes = {name: _size(name, columns) for name in entries}
    predictor = bytearray(start + sum(sizes.values()))
    struct.pack_into("<Q", predictor, 0, len(text))
    predictor[8:start] = text
    data = memoryview(predictor)[start:]
    for name, entry in entries.items():
        begin, end = entry["data_offsets"]
        if not 0 <= begin <= end <= len(data) or end - begin != sizes[name]:
            raise CorruptPredictor(f"the stored predictor's tensor {name!r} does not lie inside it")
        place = data[begin:end]
        if name in columns:
            place[:] = columns[name].items.cast("B")
        elif name == "nodes":
            (_fill_nodes if pure else _fill_nodes_in_c)(place, columns)
        else:
            _fill_cover(place.cast("f"), columns["cover.low"], columns["cover.others"])
    return predictor


def _size(name: str, columns: Mapping[str, Tensor]) -> int:
    """Return how many bytes a tensor of the predictor takes: at most 16 times of those that are stored of it."""
    if name in columns:
        return columns[name].items.nbytes
    if name == "nodes":
        return NODE_BYTES * len(_numbers(columns["nodes.kinds"]))
    return 4 * columns[f"{name}.low"].items.nbytes


def _fill_nodes(place: memoryview, columns: Mapping[str, Tensor]) -> None:
    kinds, *others = (_numbers(columns[f"nodes.{column}"]) for column in NODE_COLUMNS)
    steps, far, thresholds, values = map(iter, others)
    node, bounds = 0, columns["trees"].items
    for first, last in zip(bounds, bounds[1:]):
        for index in range(last - first):
            if not kinds[node]:
                fields = next(values), LEAF, index
            else:
                feature, missing_left = divmod(kinds[node] - 1, 2)
                child = index + (next(steps) or next(far))
                fields = next(thresholds), feature | MISSING_LEFT * missing_left, child
            _NODE.pack_into(place, NODE_BYTES * node, *fields)
            node += 1
    if bounds[0] != 0 or node != len(kinds) or any(next(column, None) is not None for column in (steps, far, thresholds, values)):
        raise ValueError("the columns of its nodes are not of one length")


def _fill_nodes_in_c(place: memoryview, columns: Mapping[str, Tensor]) -> None:
    described = []
    for column in NODE_COLUMNS:
        numbers = _numbers(columns[f"nodes.{column}"])
        described.append((numbers.cast("B"), numbers.itemsize, numbers.format in "fd"))
    bounds = columns["trees"]
    if bounds.dtype != "I64":
        raise ValueError("its trees are of the wrong type")
    _evaluate.fill_nodes(place, bounds.items.cast("B"), *described)


def _numbers(tensor: Tensor) -> memoryview:
    if tensor.dtype == "U8":
        return tensor.items.cast(_UNSIGNED[tensor.shape[1]])
    if tensor.dtype == "I64" or len(tensor.shape) != 1:
        raise ValueError("a column of its nodes is of the wrong type")
    return tensor.items


def _fill_cover(place: memoryview, low: Tensor, others: Tensor) -> None:
    if (low.dtype, others.dtype) != ("U8", "F32"):
        raise ValueError("a column of its cover counts is of the wrong type")
    counts = bytes(low.items)
    if counts.count(OTHERWISE) != len(others.items):
        raise ValueError("the columns of its cover counts are not of one length")
    place[:] = array("f", list(counts))
    at = -1
    for other in others.items:
        at = counts.index(OTHERWISE, at + 1)
        place[at] = other
