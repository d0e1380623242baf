"""Hostile bytes: a changed model is refused, or it is another model that works; it never crashes the backend."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgml import predictors
from pgml.errors import CorruptPredictor, PgmlError
from pgml.predictors import Predictor, compiled
from pgml.predictors.build import dense, forest, kernel, linear, oblivious
from pgml.predictors.read.format import LEAF, METADATA_KEY

if compiled():
    from pgml.predictors import _evaluate

ROOT = forest.Tree(
    *(np.array(a) for a in ([1, 3, -1, -1, -1], [2, 4, -1, -1, -1], [0, 1, 0, 0, 0], [0.5, 0.1, 0, 0, 0])),
    np.array([0.0, 0.0, 1.0, 2.0, 3.0]),
)
SPLIT = oblivious.Tree(np.array([0, 1, 0]), np.array([0.5, 0.25, -2.0]), np.arange(8.0), np.arange(8.0))
VECTORS = np.arange(20.0).reshape(10, 2) / 10
PLATT = (np.full(3, -1.0), np.zeros(3))
MODELS: dict[str, Predictor] = {
    "linear": linear.predictor(np.eye(3, 2), np.ones(3), output="softmax", classes=[0, 1, 2]),
    "forest": forest.predictor([ROOT] * 9, 2, missing=True, divisor=9.0, offset=[1.0]),
    "explained": forest.predictor([ROOT._replace(cover=np.array([9.0, 5.0, 4.0, 3.0, 2.0]))] * 3, 2).prepared(
        importances=[1.0, 2.0]
    ),
    "leaves": forest.predictor([ROOT._replace(value=np.eye(5, 3))] * 3, 2, output="probability", classes=[0, 1, 2]),
    "several": forest.predictor([ROOT] * 3, 2, scores=[0, 1, 2], single=True, output="softmax", classes=[0, 1, 2]),
    "median": forest.predictor([ROOT] * 3, 2, aggregation="median", weights=[1.0, 2.0, 3.0]),
    "oblivious": oblivious.predictor([SPLIT] * 5, 2, missing=True, missing_right=[True, False], scale=2.0),
    "oblivious scores": oblivious.predictor(
        [SPLIT._replace(value=np.eye(8, 3)), oblivious.Tree(np.zeros(9, int), np.arange(9), np.ones((512, 3)), np.ones(512))],
        2, output="softmax", classes=[0, 1, 2],
    ),
    "kernel": kernel.predictor(
        [kernel.Machine(("sum", ("power", ("gaussian", 1.0, 2.0), 3), ("white", 1.0)), VECTORS, np.ones(10))]
    ).prepared(center=[0.0, 1.0], scale=[1.0, 2.0]),
    "pairs": kernel.predictor(
        [kernel.Machine(("rbf", 1.0), VECTORS, np.ones((2, 10)))],
        class_sizes=[3, 3, 4], platt=PLATT, output="one_vs_one", classes=[0, 1, 2],
    ),
    "calibrated": kernel.predictor(
        [kernel.Machine(("rbf", 1.0), VECTORS, np.ones((3, 10)))],
        class_sizes=[3, 3, 2, 2], platt=(np.full(4, -1.0), np.zeros(4)), output="one_vs_one_calibrated",
        classes=[0, 1, 2, 3],
    ),
    "processes": kernel.predictor(
        [kernel.Machine(("matern_3", 1.0), VECTORS, np.ones(10), whitener=np.tri(10))] * 3,
        output="gaussian_process", classes=[0, 1, 2],
    ),
    "dense": dense.predictor([(np.ones((5, 2)), np.ones(5)), (np.ones((1, 5)), np.ones(1))], activation="tanh"),
    "dense single": dense.predictor([(np.ones((1, 2), "f4"), np.ones(1, "f4"))]),
}
ROWS = np.array([[0.0, 1.0], [-3.0, 2.0], [1e300, -1e-300], [0.2, 0.05]] * 3)


def survives(data: bytes, rows: np.ndarray = ROWS) -> bool:
    """Load and use a model; say whether it was accepted. Whatever happens, it is not a crash.

    What the C module refuses, the reference refuses, too. The C module also gets what the reader in front of it
    refuses: a C door of the server has no reader.
    """
    if compiled():
        with contextlib.suppress(ValueError):
            model = _evaluate.load(data)
            for row in rows.tolist():
                model.predict(row)
                model.predict_proba(row)
            model.predict_into(np.ascontiguousarray(rows), len(rows), np.empty(len(rows)))
    accepted = []
    for pure in (False, True):
        try:
            evaluator = predictors.evaluator(data, pure=pure)
        except CorruptPredictor:
            continue
        accepted.append(pure)
        with contextlib.suppress(CorruptPredictor):
            assert evaluator.cover is None or min(evaluator.cover) >= 0
            assert evaluator.importances is None or min(evaluator.importances) >= 0
        if evaluator.n_features > 1000 or pure:
            continue
        rows = np.resize(rows, (len(rows), evaluator.n_features))
        for row in rows.tolist():
            evaluator.predict(row)
            evaluator.predict_proba(row)
        with contextlib.suppress(PgmlError):  # only what rows can raise: they may not be clean for a changed model
            evaluator.predict_batch(rows, len(rows))
            evaluator.predict_proba_batch(rows, len(rows))
    assert accepted in ([], [False, True]), f"only the {'reference' if accepted[0] else 'C module'} accepts it"
    return bool(accepted)


@pytest.mark.parametrize("name", MODELS)
def test_unchanged_models_work(name):
    assert survives(MODELS[name].to_bytes())


@given(st.sampled_from(sorted(MODELS)), st.data())
@settings(max_examples=400)
def test_changed_bytes(name, draws):
    data = bytearray(MODELS[name].to_bytes())
    header = struct.unpack_from("<Q", data)[0] + 8
    for _ in range(draws.draw(st.integers(1, 3))):
        # the tensors as often as the header, which is longer
        first, last = draws.draw(st.sampled_from([(0, header), (header, len(data))]))
        place = draws.draw(st.integers(min(first, len(data) - 1), max(min(last, len(data)) - 1, 0)))
        change = draws.draw(st.sampled_from(["flip", "set", "cut", "insert", "end"]))
        if change == "flip":
            data[place] ^= 1 << draws.draw(st.integers(0, 7))
        elif change == "set":
            data[place] = draws.draw(st.sampled_from([0, 1, 127, 128, 255, ord("9")]))
        elif change == "cut":
            del data[place : place + draws.draw(st.integers(1, 9))]
        elif change == "insert":
            data[place:place] = draws.draw(st.binary(min_size=1, max_size=9))
        else:
            del data[place:]
        if not data:
            break
    survives(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert not survives(data)


def rebuilt(name: str, about: dict | None = None, entries: dict | None = None, **settings) -> bytes:
    """Return a model's bytes with parts of its description, of its header or of its settings replaced."""
    data = MODELS[name].to_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    described = json.loads(header["__metadata__"][METADATA_KEY])
    described.update(about or {})
    described["settings"].update(settings)
    header["__metadata__"][METADATA_KEY] = json.dumps(described)
    for tensor, changes in (entries or {}).items():
        header[tensor].update(changes)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "about",
    [
        {"version": 2}, {"family": "magic"}, {"family": None}, {"n_features": 3}, {"n_features": -2},
        {"n_features": 2.0}, {"n_features": 1 << 62}, {"features": ["a"]}, {"features": [1, 2]}, {"features": None},
        {"classes": ["a", "b", "c"]}, {"classes": []}, {"classes": [0]}, {"objective": 3}, {"objective": ["ranking"]},
        {"output": "nonsense"}, {"output": "one_vs_one"}, {"output": ["value"]}, {"output": "gaussian_process"},
        {"output": "one_vs_one_calibrated"}, {"missing": 1}, {"settings": None}, {"settings": []},
    ],
    ids=str,
)  # fmt: skip
def test_descriptions_that_do_not_fit(name, about):
    if about == {"output": "one_vs_one"} and name == "pairs" or about == {"output": "gaussian_process"} and name == "processes":
        return
    if about == {"output": "one_vs_one_calibrated"} and name in ("pairs", "calibrated"):
        return
    if about.get("output") == "one_vs_one" and MODELS[name].classes is not None and name != "calibrated":
        assert survives(rebuilt(name, about))  # three scores are also those of the pairs of three classes
        return
    if about.get("settings", 0) is None or about.get("settings") == []:
        data = rebuilt(name).replace(b'\\"settings\\": {', b'\\"settings\\": 3, \\"other\\": {')
        data = struct.pack("<Q", struct.unpack_from("<Q", data)[0] + len(data) - len(rebuilt(name))) + data[8:]
    else:
        data = rebuilt(name, about)
    assert not survives(data)


@pytest.mark.parametrize(
    "name, settings",
    [
        ("forest", {"aggregation": "median"}), ("forest", {"aggregation": "mode"}), ("forest", {"input": "half"}),
        ("forest", {"divisor": 0}), ("forest", {"divisor": "9"}), ("median", {"aggregation": "sum"}),
        ("forest", {"single": 1}), ("dense", {"layers": 3}), ("dense", {"layers": 0}), ("dense", {"layers": 1 << 40}),
        ("dense", {"activation": "swish"}), ("dense", {"single": True}), ("dense single", {"single": False}),
        ("oblivious", {"scale": 0}), ("oblivious", {"scale": "2"}), ("oblivious", {"scale": True}),
        ("kernel", {"machines": []}), ("kernel", {"machines": None}), ("kernel", {"machines": [[]]}),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(name, settings):
    assert not survives(rebuilt(name, **settings))


@pytest.mark.parametrize(
    "change",
    [
        {"first": 8}, {"first": -8}, {"first": 1}, {"first": 1 << 60}, {"vectors": 11}, {"vectors": 0}, {"vectors": 17},
        {"vectors": 1 << 33}, {"rows": 2}, {"rows": 0}, {"whitener": True}, {"expression": ["rbf"]}, {"expression": "rbf"},
        {"expression": ["gaussian", 1.0, 2.0, 3.0]}, {"expression": ["sum", ["linear"]]}, {"expression": []},
        {"expression": ["rbf", 1e999]}, {"expression": ["power", 2.0, ["linear"]]}, {"expression": ["magic"]},
    ],
    ids=str,
)  # fmt: skip
def test_machines_that_do_not_fit(change):
    machine = {**MODELS["kernel"].settings["machines"][0], **change}
    assert not survives(rebuilt("kernel", machines=[machine]))


def test_kernels_that_nest_too_deep():
    expression: list = ["linear"]
    for _ in range(100):
        expression = ["sum", expression, ["linear"]]
    machine = {**MODELS["kernel"].settings["machines"][0], "expression": expression}
    assert not survives(rebuilt("kernel", machines=[machine]))


@pytest.mark.parametrize("sizes", [[3, 3, 5], [3, 3, 3], [-1, 5, 6], [1 << 62, 1 << 62, 10], [20, -5, -5]])
def test_class_sizes_that_do_not_fit(sizes):
    tensors = {**MODELS["pairs"].tensors, "class_sizes": np.array(sizes)}
    assert not survives(replaced("pairs", tensors))


def replaced(name: str, tensors: dict) -> bytes:
    return dataclasses.replace(MODELS[name], tensors=tensors).to_bytes()


NODES = np.ascontiguousarray(MODELS["forest"].tensors["nodes"]).view(forest.NODE)


@pytest.mark.parametrize(
    "index, field, value",
    [
        (0, "left", 0),  # its own child
        (1, "left", 0),  # a cycle
        (0, "left", 4),  # the right child is the next tree's root
        (0, "left", 0xFFFFFFFF),
        (0, "feature", 2),
        (0, "feature", 0x3FFFFFFF),
        (4, "left", 3),  # a leaf that leads elsewhere
        (4, "feature", LEAF | 1),
    ],
)
@pytest.mark.parametrize("pure", [False, True])
def test_nodes_that_are_not_sound(index, field, value, pure):
    nodes = NODES.copy()
    nodes[field][index] = value
    data = replaced("forest", {**MODELS["forest"].tensors, "nodes": nodes.view(np.uint8)})
    with pytest.raises(CorruptPredictor, match="sound"):
        predictors.evaluator(data, pure=pure)


@pytest.mark.parametrize("number", [-1.0, 0.5, 1e18, 1e300, np.inf, np.nan])
def test_leaves_that_name_no_row(number):
    nodes = np.ascontiguousarray(MODELS["leaves"].tensors["nodes"]).view(forest.NODE).copy()
    nodes["number"][4] = number
    assert not survives(replaced("leaves", {**MODELS["leaves"].tensors, "nodes": nodes.view(np.uint8)}))


@pytest.mark.parametrize("bounds", [[1, 45], [0, 44], [0, 46], [0, 30, 20, 45], [0, -5, 45], [0, 0, 45], [45], [0, 1 << 62, 45]])
def test_trees_that_do_not_cover_the_nodes(bounds):
    assert not survives(replaced("forest", {**MODELS["forest"].tensors, "trees": np.array(bounds)}))


def test_scores_that_are_not_there():
    for scores in ([0, 1, 3], [0, 1, -1], [0, 1], [0, 1, 1 << 62]):
        assert not survives(replaced("several", {**MODELS["several"].tensors, "scores": np.array(scores)}))


COLUMNS, BORDERS, SPLITS, DEPTHS = (MODELS["oblivious"].tensors[name] for name in ("columns", "borders", "splits", "depths"))


@pytest.mark.parametrize(
    "tensor, values",
    [
        *[("columns", COLUMNS + np.array(by)) for by in ([2, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -2])],
        ("columns", np.array([[0, 1 << 62, 1], [1, 1, 0]])), ("columns", COLUMNS[:, :2]), ("columns", COLUMNS[:1]),
        ("columns", np.array([[0, 0, 1], [0, 2, 1], [1, 1, 0]])), ("columns", np.zeros((0, 3), int)),
        ("borders", BORDERS[[1, 0, 2, 3]]), ("borders", np.float32([np.nan, 0.5, 0.25, 0])), ("borders", BORDERS[:3]),
        ("borders", np.concatenate([BORDERS, BORDERS])), ("borders", BORDERS.astype(float)),
        ("splits", SPLITS[:-4]), ("splits", np.concatenate([SPLITS, SPLITS[:4]])),
        ("splits", np.full_like(SPLITS, 255)), ("splits", np.full(15, 2, "<u4").view("u1")),
        ("splits", np.full(15, 2 << 8, "<u4").view("u1")),
        ("depths", np.array([3, 3, 3, 3, 4])), ("depths", np.array([3, 3, 3, 4, 2])), ("depths", np.array([-1, 4, 4, 4, 4])),
        ("depths", np.array([17, 0, 0, 0, 0])), ("depths", np.array([1 << 62, 0, 0, 0, 0])), ("depths", np.zeros(0, int)),
        ("leaves", np.ones((40, 0))), ("leaves", np.ones((39, 1))), ("leaves", np.ones(40)), ("offset", np.ones(2)),
    ],
    ids=str,
)  # fmt: skip
def test_oblivious_trees_that_are_not_sound(tensor, values):
    tensors = {**MODELS["oblivious"].tensors, tensor: values}
    del tensors["cover"]
    assert not survives(replaced("oblivious", tensors))


def test_tensors_of_the_wrong_shape_or_type():
    for name, predictor in MODELS.items():
        for tensor, values in predictor.tensors.items():
            others = {other: values for other, values in predictor.tensors.items() if other != tensor}
            optional = ("cover", "importances") if "oblivious" in name else ("offset", "platt", "leaves", "scores", "cover", "importances")
            if tensor not in optional:  # a model may be without them
                assert not survives(replaced(name, others)), (name, tensor)
            for wrong in (values[:-1], values.astype(np.float16), values.reshape(1, 1, *values.shape)):
                assert not survives(replaced(name, {**others, tensor: wrong})), (name, tensor, wrong.shape)


@pytest.mark.parametrize("name, tensor", [("forest", "start"), ("kernel", "intercept"), ("dense single", "bias_0")])
def test_numbers_where_arrays_are_needed(name, tensor):
    assert not survives(rebuilt(name, entries={tensor: {"shape": []}}))


def test_vectors_that_are_cut_off():
    tensors = MODELS["kernel"].tensors
    assert not survives(replaced("kernel", {**tensors, "vectors": np.append(tensors["vectors"], 0.0)}))


def test_a_calibration_that_nothing_uses():
    tensors = {**MODELS["processes"].tensors, "platt": np.ones(6)}
    assert not survives(replaced("processes", tensors))


def test_scalings_that_are_not_finite():
    for part, value in (("scale", 0.0), ("scale", np.nan), ("center", np.inf)):
        broken = {**MODELS["kernel"].tensors, part: np.array([value, 1.0])}
        assert not survives(replaced("kernel", broken))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, 5e-324])
def test_weights_may_be_any_number(value):
    kept = ("class_sizes", "center", "scale", "nodes", "trees", "columns", "borders", "splits", "depths")
    for name in ("linear", "kernel", "pairs", "processes", "dense", "median", "oblivious", "oblivious scores"):
        tensors = {
            tensor: values if tensor in kept else np.full_like(values, value)
            for tensor, values in MODELS[name].tensors.items()
        }
        assert survives(replaced(name, tensors))


def test_headers_that_claim_too_much():
    data = MODELS["linear"].to_bytes()
    for length in (1 << 63, (1 << 64) - 1, len(data), len(data) - 7):
        assert not survives(struct.pack("<Q", length) + data[8:])
    nested = b'{"__metadata__":' + b"[" * 100_000
    assert not survives(struct.pack("<Q", len(nested)) + nested)
    huge = {"shape": [1 << 40, 1 << 40], "data_offsets": [0, 48]}
    assert not survives(rebuilt("linear", entries={"coefficients": huge}))
    for offsets in ([48, 0], [-8, 40], [0, 1 << 70], [0.0, 48.0], [0], "ab"):
        assert not survives(rebuilt("linear", entries={"coefficients": {"data_offsets": offsets}}))


@pytest.mark.skipif(not compiled(), reason="the C module was not built")
def test_the_c_module_checks_for_itself():
    """Its arguments are checked where they are used, not only by the reader in front of it."""
    for broken in (b"", b"12345678", bytes(9), b"\xff" * 64, MODELS["linear"].to_bytes()[:-1], None, 1, "text"):
        with pytest.raises((ValueError, TypeError)):
            _evaluate.load(broken)
    model = _evaluate.load(linear.predictor(np.zeros((1, 2)), [0.0]).to_bytes())
    for arguments in [(b"", 1, bytearray(8)), (bytes(16), 1, bytearray(4)), (bytes(16), 1 << 60, bytearray(8)), (1, 2, 3)]:
        with pytest.raises((ValueError, TypeError)):
            model.predict_into(*arguments)
