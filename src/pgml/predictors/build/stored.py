"""Write the form in which forests are stored; ``pgml.predictors.read.stored`` says what it is, and reads it."""

from __future__ import annotations

import numpy as np

from pgml.predictors.build.forest import NODE
from pgml.predictors.read.format import LEAF, MISSING_LEFT, parse
from pgml.predictors.read.stored import HEADER_KEY, OTHERWISE

_SMALL = 1 << 16  # bytes, which take no time to store as they are
_UNSIGNED = (np.uint8, np.uint16, np.uint32)
_TYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "U8": np.uint8}


def to_store(predictor: bytes, small: int = _SMALL) -> bytes:
    """Return the bytes to store for a predictor: of a forest that is not ``small`` its stored form, of others as they are."""
    from safetensors.numpy import save

    about, tensors = parse(predictor)
    if about["family"] != "forest" or len(predictor) < small:
        return predictor
    columns = {name: np.frombuffer(tensor.items, _TYPES[tensor.dtype]).reshape(tensor.shape) for name, tensor in tensors.items()}
    nodes, bounds = columns.pop("nodes").view(NODE), columns["trees"]
    columns |= {f"nodes.{name}": column for name, column in _node_columns(nodes, bounds).items()}
    if "cover" in columns:
        columns |= _cover_columns(columns.pop("cover"))
    header = predictor[8 : 8 + int.from_bytes(predictor[:8], "little")]
    return bytes(save(columns, {HEADER_KEY: header.decode()}))


def _node_columns(nodes: np.ndarray, bounds: np.ndarray) -> dict[str, np.ndarray]:
    feature = nodes["feature"]
    inner, leaves = np.flatnonzero(feature != LEAF), np.flatnonzero(feature == LEAF)
    of_inner, kinds = feature[inner], np.zeros(len(nodes), np.uint32)
    kinds[inner] = 1 + 2 * (of_inner & (MISSING_LEFT - 1)) + (of_inner >= MISSING_LEFT)
    first = np.repeat(bounds[:-1], np.diff(bounds))
    steps = nodes["left"][inner] - (inner - first[inner])
    is_far = steps > 255
    return {
        "kinds": _narrowed(kinds),
        "steps": _narrowed(np.where(is_far, 0, steps)),
        "far": _narrowed(steps[is_far]),
        "thresholds": _narrowed(nodes["number"][inner]),
        "values": _narrowed(nodes["number"][leaves]),
    }


def _cover_columns(cover: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore"):  # a predictor may hold anything; what makes no sense is told when it is asked for
        low = np.minimum(cover, OTHERWISE).astype(np.uint8)
    low[~_are_same(low.astype(np.float32), cover)] = OTHERWISE
    return {"cover.low": low, "cover.others": cover[low == OTHERWISE]}


def _narrowed(numbers: np.ndarray) -> np.ndarray:
    """Return numbers as the smallest type that holds all of them, to the last bit."""
    if numbers.dtype.kind in "iu":
        highest = numbers.max(initial=0)
        kind = next(kind for kind in _UNSIGNED if highest <= np.iinfo(kind).max)
        return numbers.astype(kind)[:, None].view(np.uint8)
    with np.errstate(over="ignore"):
        singles = numbers.astype(np.float32)
    if not _are_same(singles.astype(np.float64), numbers).all():
        return np.ascontiguousarray(numbers)
    if singles.min(initial=0) >= 0 and singles.max(initial=0) < 2**32:
        whole = numbers.astype(np.int64)
        if _are_same(whole.astype(np.float64), numbers).all():
            return _narrowed(whole)
    return singles


def _are_same(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return where numbers of one floating type are the same bits: 0 is not -0, and not a number is itself."""
    bits = f"u{some.itemsize}"
    same: np.ndarray = np.ascontiguousarray(some).view(bits) == np.ascontiguousarray(others).view(bits)
    return same
