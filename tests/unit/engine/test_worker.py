"""What the engine answers, and that it answers each question once, whatever goes wrong."""

from __future__ import annotations

import struct

import pytest

import pgml
from pgml.engine.worker import Worker
from pgml.plugin.registry import Plugin

BEGIN = {"verb": "begin", "columns": [["x", None]], "target": "y", "row_count": 20}
FIND = {"verb": "find", "algorithm": "linear", "objective": "regression", "hyperparameters": {"positive": True}}
TRAIN = {"verb": "train", "test_size": 0.25, "sampling": "random"}
ROWS = [bytearray(struct.pack(">20d", *numbers)) for numbers in (range(1, 21), range(20), range(0, 40, 2))]


@pytest.fixture(scope="module")
def worker() -> Worker:
    return Worker()


def ask(worker: Worker, message: dict, *attachments) -> dict:
    return worker.do(dict(message), list(attachments))[0]


def tell(worker: Worker, message: dict, *attachments) -> None:
    assert worker.do(dict(message), list(attachments)) is None, "nobody waits for an answer"


def test_a_training(worker):
    assert ask(worker, FIND)["result"] == {"algorithm": "linear", "plugin": "pgml-core", "version": pgml.__version__}
    tell(worker, BEGIN)
    tell(worker, {"verb": "rows"}, *ROWS)
    about, predictor, estimator, test_rows = worker.do(dict(TRAIN), [])
    assert about["result"]["features"] == ["x"] and about["warnings"] == []
    assert about["result"]["hyperparameters"] == {"fit_intercept": True, "positive": True}
    assert about["result"]["metrics"]["mean_squared_error"] == pytest.approx(0, abs=1e-9)
    assert estimator == b"", "of a compiled model nothing but the predictor is kept"
    assert all(isinstance(each, bytes) and each for each in (predictor, test_rows))


def test_compiled_models_are_scored_and_predict_without_their_estimators(worker):
    ask(worker, FIND)
    tell(worker, BEGIN)
    tell(worker, {"verb": "rows"}, *ROWS)
    _, predictor, estimator, _ = worker.do(dict(TRAIN), [])
    about = {"algorithm": "gone", "objective": "regression"}
    assert ask(worker, {"verb": "score", **about}, predictor, estimator)["result"] == pytest.approx(0, abs=1e-9)
    rows = struct.pack("=2d", 3.0, 5.0)
    answer = ask(worker, {"verb": "predict", "digest": "d", **about}, rows, predictor, estimator)
    assert answer["result"]["answers"] == pytest.approx([6.0, 10.0])


def test_what_is_found_is_checked(worker):
    error = ask(worker, {**FIND, "hyperparameters": {"positive": 3}})["error"]
    assert error["kind"] == "InvalidHyperparameter" and "true or false" in error["message"]
    tell(worker, BEGIN)
    tell(worker, {"verb": "rows"}, *ROWS)
    assert ask(worker, TRAIN)["error"]["kind"] == "EngineDied"


def test_a_training_begins_with_what_was_found_for_it(worker):
    """Between the two a relation may train something itself, and fail, or end in time."""
    ask(worker, {**FIND, "training": 1})
    ask(worker, {**FIND, "algorithm": "lasso", "hyperparameters": {}, "training": 2})
    for training, setting in ((1, "positive"), (2, "alpha")):
        tell(worker, {**BEGIN, "training": training})
        tell(worker, {"verb": "rows"}, *ROWS)
        assert setting in ask(worker, TRAIN)["result"]["hyperparameters"]
    tell(worker, {**BEGIN, "training": 1})
    tell(worker, {"verb": "rows"}, *ROWS)
    assert ask(worker, TRAIN)["error"]["kind"] == "EngineDied", "each is trained once"


def test_what_is_found_and_never_begun_is_forgotten():
    fresh = Worker()
    for training in range(100):
        ask(fresh, {**FIND, "training": training})
    assert len(fresh._found) < 20
    tell(fresh, {**BEGIN, "training": 99})
    tell(fresh, {"verb": "rows"}, *ROWS)
    assert "result" in ask(fresh, TRAIN)


class Sets(pgml.Hyperparameter):
    """A hyperparameter whose value is no JSON."""

    def convert(self, value):
        return {1, 2}


class Greedy(pgml.Algorithm):
    """It changes the hyperparameters that it is given."""

    name, objective, summary = "greedy", "regression", "It changes its hyperparameters."
    hyperparameters = (pgml.Hyperparameter("sizes", pgml.Sequence(pgml.Integer()), [1, 2], "Some sizes."),)

    def estimator(self, sizes):
        from sklearn.dummy import DummyRegressor

        assert sizes == [1, 2]
        sizes.clear()
        return DummyRegressor()


class Unstorable(Greedy):
    name = "unstorable"
    hyperparameters = (Sets("sizes", pgml.Integer(), 1, "Some sizes."),)


def test_hyperparameters_are_stored_as_they_were_checked():
    worker = Worker()
    worker._registry.add_algorithm(Greedy(), Plugin("pgml-here", "1.0"))
    worker._registry.add_algorithm(Unstorable(), Plugin("pgml-here", "1.0"))
    ask(worker, {**FIND, "algorithm": "greedy", "hyperparameters": {}})
    worker.prepare()
    tell(worker, BEGIN)
    tell(worker, {"verb": "rows"}, *ROWS)
    assert ask(worker, TRAIN)["result"]["hyperparameters"] == {"sizes": [1, 2]}
    error = ask(worker, {**FIND, "algorithm": "unstorable", "hyperparameters": {}})["error"]
    assert "unstorable (plugin pgml-here) failed while checking its hyperparameters: " in error["message"]
    assert "not JSON serializable" in error["message"]


def test_a_matrix_that_no_memory_holds(worker):
    tell(worker, {**BEGIN, "row_count": 1 << 45})
    tell(worker, {"verb": "rows"}, *ROWS)
    error = ask(worker, TRAIN)["error"]
    assert error["kind"] == "UnusableData" and "memory" in error["message"]
    test_a_training(worker)


def test_rows_that_cannot_be_read_are_reported_by_the_training(worker):
    for rows in (ROWS[:1], [b"1234567", ROWS[1]], [*ROWS, ROWS[0]]):
        tell(worker, BEGIN)
        tell(worker, {"verb": "rows"}, *rows)
        tell(worker, {"verb": "rows"}, *ROWS)
        assert "error" in ask(worker, TRAIN)
    test_a_training(worker)


def test_what_was_sent_to_an_engine_before_this_one():
    fresh = Worker()
    tell(fresh, {"verb": "rows"}, *ROWS)
    assert ask(fresh, TRAIN)["error"]["kind"] == "EngineDied"
    assert ask(Worker(), TRAIN)["error"]["kind"] == "EngineDied"
    score = {"verb": "score", "algorithm": "linear", "objective": "regression"}
    assert ask(Worker(), score, b"", b"")["error"]["kind"] == "EngineDied"


def test_a_bug_is_an_answer_too(worker):
    error = ask(worker, {"verb": "hyperparameters", "algorithm": ["no", "text"], "objective": "regression"})[
        "error"
    ]
    assert error["kind"] in ("PgmlError", "UnknownAlgorithm")
    error = ask(worker, {"verb": "hyperparameters"})["error"]
    assert error["kind"] == "PgmlError" and "Traceback" in error["detail"]


def test_onnx_without_its_package(worker, monkeypatch):
    import sys

    from pgml.predictors.build import linear

    predictor = linear.predictor([1.0], 0.0).to_bytes()
    monkeypatch.setitem(sys.modules, "onnx", None)
    for module in [name for name in sys.modules if name.startswith("pgml.predictors.export.onnx")]:
        monkeypatch.delitem(sys.modules, module)
    error = ask(worker, {"verb": "export_onnx", "about": {}}, predictor)["error"]
    assert error["kind"] == "NotExportable" and "onnx needs the package onnx" in error["message"]
    assert "pip install 'pgml-core[onnx]'" in error["hint"]


def test_a_training_done_again_makes_the_same_model(worker):
    import hashlib

    saved = []
    for verb in ("train", "train_again", "train_again"):
        ask(worker, FIND)
        tell(worker, BEGIN)
        tell(worker, {"verb": "rows"}, *ROWS)
        saved.append(worker.do({**TRAIN, "verb": verb}, []))
    assert saved[1][0]["result"] == saved[2][0]["result"] == hashlib.sha256(saved[0][1]).hexdigest()
