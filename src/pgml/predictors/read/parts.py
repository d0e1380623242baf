"""Take the metadata and tensors of a file apart into what the evaluators are made of, checking every shape.

Each family's function returns ``(n_scores, parts)``; ``parts`` are the arguments, after the common ones, of
the evaluator of that name in ``pgml.predictors.reference``; the C module takes a file apart by itself.
"""

from __future__ import annotations

import math
from array import array
from collections import namedtuple
from collections.abc import Mapping

from pgml.errors import CorruptPredictor
from pgml.predictors.read.expressions import check_expression
from pgml.predictors.read.format import PANEL, Tensor
from pgml.predictors.read.outputs import fits

# no model is near it; it keeps every product of sizes far from overflow
MAX_COUNT = 1 << 31


class Common(
    namedtuple(  # typing.NamedTuple would cost every new backend the import of typing
        "Common",
        ("n_features", "n_scores", "output", "missing", "single", "classes", "center", "scale"),
    )
):
    """What every evaluator is told: sizes, input and output.

    ``classes``, ``center`` and ``scale`` are memoryviews of float64, or None.
    """

    __slots__ = ()


def take_apart(about: Mapping, tensors: Mapping[str, Tensor]) -> tuple[str, Common, tuple]:
    """Return the family, the common part and the family's parts; raise CorruptPredictor."""
    try:
        family = _RENAMED.get(about["family"], about["family"])
        if family not in _FAMILIES:
            raise CorruptPredictor(f"the predictor is of an unknown family, {family!r}")
        n_features = _count(about["n_features"])
        settings = about["settings"]
        n_scores, parts = _FAMILIES[family](settings, tensors, n_features)
        if about["output"].startswith("gaussian_process") and not _whitened(family, settings):
            raise CorruptPredictor("the predictor's processes have no variances")
        classes = _labels(about["classes"])
        if family == "kernel":
            _check_platt(parts[-1], about["output"], n_scores, len(classes or ()))
        elif about["output"] == "one_vs_one_calibrated":
            raise CorruptPredictor("the predictor has no calibration")
        features = about["features"]
        if not isinstance(features, list) or len(features) != n_features:
            raise CorruptPredictor("the predictor's feature names do not fit its features")
        if not all(isinstance(name, str) for name in features):
            raise CorruptPredictor("a feature name of the predictor is no text")
        if not isinstance(about["objective"], (str, type(None))):
            raise CorruptPredictor("the predictor's objective is no text")
        if not fits(about["output"], n_scores, None if classes is None else len(classes)):
            raise CorruptPredictor(f"the predictor's output {about['output']!r} does not fit its {n_scores} scores")
        center, scale = (_floats(tensors, name, (n_features,), needed=False) for name in ("center", "scale"))
        if (center is None) != (scale is None):
            raise CorruptPredictor("the predictor has only one of center and scale")
        if center is not None and not all(map(math.isfinite, (*center, *scale))) or 0.0 in (scale or ()):
            raise CorruptPredictor("the predictor's scaling is not finite")
        single = _flag(settings.get("single", False))
        missing = _flag(about["missing"])
    except CorruptPredictor:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CorruptPredictor(f"the predictor's description is not complete: {error!r}") from error
    common = Common(n_features, n_scores, about["output"], missing, single, classes, center, scale)
    return family, common, parts


def _linear(settings: Mapping, tensors: Mapping[str, Tensor], n_features: int) -> tuple[int, tuple]:
    n_scores = _count(tensors["intercept"].shape[0])
    return n_scores, (
        _floats(tensors, "coefficients", (n_scores, n_features)),
        _floats(tensors, "intercept", (n_scores,)),
    )


def _forest(settings: Mapping, tensors: Mapping[str, Tensor], n_features: int) -> tuple[int, tuple]:
    nodes, trees = tensors["nodes"], tensors["trees"]
    if nodes.dtype != "U8" or len(nodes.shape) != 1 or trees.dtype != "I64" or len(trees.shape) != 1:
        raise CorruptPredictor("the predictor's trees are of the wrong type")
    n_trees = _count(trees.shape[0] - 1)
    n_scores = _count(tensors["start"].shape[0])
    leaves = tensors.get("leaves")
    table = None if leaves is None else _floats(tensors, "leaves", (_count(leaves.shape[0]), n_scores))
    scores = tensors.get("scores")
    if scores is not None and (scores.dtype != "I64" or scores.shape != (n_trees,)):
        raise CorruptPredictor("the predictor's scores of trees do not fit its trees")
    if settings["aggregation"] not in ("sum", "median") or settings["input"] not in ("double", "single"):
        raise CorruptPredictor("the predictor's aggregation or input is unknown")
    weights = _floats(tensors, "weights", (n_trees,), needed=False)
    if (weights is not None) != (settings["aggregation"] == "median"):
        raise CorruptPredictor("the predictor's weights do not fit its aggregation")
    if weights is not None and (n_scores != 1 or table is not None):
        raise CorruptPredictor("the predictor has a median of more than one score")
    return n_scores, (
        nodes.items,
        trees.items,
        None if scores is None else scores.items,
        table,
        _floats(tensors, "start", (n_scores,)),
        _floats(tensors, "offset", (n_scores,), needed=False),
        weights,
        _number(settings["divisor"]),
        _number(settings["scale"]),
        settings["input"] == "single",
    )


def _oblivious(settings: Mapping, tensors: Mapping[str, Tensor], n_features: int) -> tuple[int, tuple]:
    columns, splits, depths, leaves = (tensors[name] for name in ("columns", "splits", "depths", "leaves"))
    if columns.dtype != "I64" or len(columns.shape) != 2 or columns.shape[1] != 3:
        raise CorruptPredictor("the predictor's columns are of the wrong type")
    if splits.dtype != "U8" or len(splits.shape) != 1 or depths.dtype != "I64" or len(depths.shape) != 1:
        raise CorruptPredictor("the predictor's trees are of the wrong type")
    if columns.shape[0] >= MAX_COUNT or len(splits.items) % 4:
        raise CorruptPredictor("the predictor's splits are cut off")
    _count(depths.shape[0])
    n_scores = _count(leaves.shape[-1])
    return n_scores, (
        columns.items,
        _floats(tensors, "borders", (-1,), "F32"),
        splits.items.cast("B").cast("I"),
        depths.items,
        _floats(tensors, "leaves", (-1, n_scores)),
        _floats(tensors, "offset", (n_scores,)),
        _number(settings["scale"]),
    )


def _kernel(settings: Mapping, tensors: Mapping[str, Tensor], n_features: int) -> tuple[int, tuple]:
    n_scores = _count(tensors["intercept"].shape[0])
    vectors = _floats(tensors, "vectors", (-1,))
    if len(vectors) % (PANEL * n_features):
        raise CorruptPredictor("the predictor's vectors are cut off")
    sizes = tensors.get("class_sizes")
    if sizes is not None and (sizes.dtype != "I64" or len(sizes.shape) != 1):
        raise CorruptPredictor("the predictor's class sizes are no whole numbers")
    machines, n_coefficients, n_whiteners, total = [], 0, 0, 0
    for machine in settings["machines"]:
        check_expression(machine["expression"], n_features)
        first, m, rows = (machine[name] for name in ("first", "vectors", "rows"))
        if type(first) is not int or first < 0 or first % PANEL:
            raise CorruptPredictor("a machine of the predictor begins inside a panel of vectors")
        panels = -(-_count(m) // PANEL)
        if (first + panels * PANEL) * n_features > len(vectors):
            raise CorruptPredictor("a machine of the predictor has vectors that are not there")
        if machine["whitener"] and rows != 1:
            raise CorruptPredictor("a machine of the predictor has a whitener and several scores")
        machines.append((machine["expression"], first, m, _count(rows), _flag(machine["whitener"])))
        n_coefficients += rows * m
        n_whiteners += m * m if machine["whitener"] else 0
        total += rows if sizes is None else rows * (rows + 1) // 2
    if not machines or total != n_scores:
        raise CorruptPredictor(f"the predictor's machines give {total} scores, not {n_scores}")
    if sizes is not None:
        fitting = len(machines) == 1 and len(sizes.items) == machines[0][3] + 1
        if not fitting or min(sizes.items) < 0 or sum(sizes.items) != machines[0][2]:
            raise CorruptPredictor("the predictor's class sizes do not fit its machine")
    whiteners = _floats(tensors, "whiteners", (n_whiteners,), needed=n_whiteners > 0)
    return n_scores, (
        tuple(machines),
        vectors,
        _floats(tensors, "coefficients", (n_coefficients,)),
        _floats(tensors, "intercept", (n_scores,)),
        whiteners,
        None if sizes is None else sizes.items,
        _floats(tensors, "platt", (-1,), needed=False),
    )


def _check_platt(platt: memoryview | None, output: str, n_scores: int, n_classes: int) -> None:
    of_classes = output == "one_vs_one_calibrated"
    if platt is None:
        if of_classes:
            raise CorruptPredictor("the predictor has no calibration")
    elif not output.startswith("one_vs_one"):
        raise CorruptPredictor(f"the predictor has a calibration, which the output {output!r} does not use")
    elif len(platt) != 2 * (n_classes if of_classes else n_scores):
        raise CorruptPredictor("the predictor's calibration does not fit its scores")


def _whitened(family: str, settings: Mapping) -> bool:
    return family == "kernel" and all(machine["whitener"] for machine in settings["machines"])


def _dense(settings: Mapping, tensors: Mapping[str, Tensor], n_features: int) -> tuple[int, tuple]:
    dtype = "F32" if _flag(settings["single"]) else "F64"
    layers, width = [], n_features
    for index in range(_count(settings["layers"])):
        bias = tensors[f"bias_{index}"]
        n_out = _count(bias.shape[0])
        weights = _floats(tensors, f"weights_{index}", (n_out, width), dtype)
        layers.append((weights, _floats(tensors, f"bias_{index}", (n_out,), dtype)))
        width = n_out
    if settings["activation"] not in ("relu", "tanh", "logistic", "identity"):
        raise CorruptPredictor("the predictor's activation is unknown")
    return width, (tuple(layers), settings["activation"])


def _uncompiled(settings: Mapping, tensors: Mapping[str, Tensor], n_features: int) -> tuple[int, tuple]:
    types = settings.get("types", [])  # of what the plugin saved; version 0.1 recorded none
    if not isinstance(types, list) or not all(isinstance(name, str) for name in types):
        raise CorruptPredictor("the predictor's types of the saved estimator are no names")
    if not isinstance(settings.get("plugin", ""), str):  # version 0.1 did not say
        raise CorruptPredictor("the predictor's plugin is no name")
    return _count(settings["scores"]), ()


_FAMILIES = {
    "dense": _dense,
    "forest": _forest,
    "kernel": _kernel,
    "linear": _linear,
    "oblivious": _oblivious,
    "uncompiled": _uncompiled,
}
_RENAMED = {"engine": "uncompiled"}  # as version 0.1 wrote it


def _count(value: object) -> int:
    if type(value) is not int or not 1 <= value < MAX_COUNT:
        raise CorruptPredictor(f"the predictor has {value!r} where a count is needed")
    return value


def _labels(labels: list | None) -> memoryview | None:
    if labels is None:
        return None
    if not isinstance(labels, list) or not all(type(label) in (int, float) for label in labels):
        raise CorruptPredictor("the predictor's classes are no numbers")
    return memoryview(array("d", labels))


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise CorruptPredictor(f"the predictor has {value!r} where true or false is needed")
    return value


def _number(value: object) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not math.isfinite(value) or value == 0:
        raise CorruptPredictor(f"the predictor has {value!r} where a number is needed")
    return float(value)


def _floats(
    tensors: Mapping[str, Tensor], name: str, shape: tuple[int, ...], dtype: str = "F64", needed: bool = True
) -> memoryview | None:
    tensor = tensors.get(name)
    if tensor is None and not needed:
        return None
    if tensor is None:
        raise CorruptPredictor(f"the predictor has no tensor {name!r}")
    if tensor.dtype != dtype or len(tensor.shape) != len(shape):
        raise CorruptPredictor(f"the predictor's tensor {name!r} is of the wrong type")
    if any(want not in (-1, got) for want, got in zip(shape, tensor.shape)):
        raise CorruptPredictor(f"the predictor's tensor {name!r} has shape {tensor.shape}, not {shape}")
    return tensor.items
