"""The read side as its callers see it: clean rows, careful answers, errors, batches, what it imports."""

from __future__ import annotations

import mmap
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest
from agreement import evaluators

from pgml import errors, predictors
from pgml.predictors import Predictor, compiled
from pgml.predictors.build import forest, linear
from pgml.predictors.read.evaluator import Evaluator

FEATURES = ["age", "height", "blood pressure"]
SUM = linear.predictor([1.0, 10.0, 100.0], 0.0).prepared(objective="regression", features=FEATURES)
STUMP = forest.Tree(*(np.array(a) for a in ([1, -1, -1], [2, -1, -1], [0, 0, 0], [0.5, 0, 0], [0.0, 1.0, 2.0])))


@pytest.fixture(params=["C", "reference"])
def total(request) -> Evaluator:
    if request.param == "C" and not compiled():
        pytest.skip("the C module was not built")
    return predictors.evaluator(SUM.to_bytes(), pure=request.param == "reference")


def test_the_c_module_was_built():
    assert compiled()


def test_what_it_says_of_itself(total):
    assert total.features == ("age", "height", "blood pressure")
    assert (total.n_features, total.objective, total.classes, total.missing) == (3, "regression", None, False)


def test_numbers_of_every_kind(total):
    assert total.predict([1, 2.0, True]) == 121.0
    assert total.predict((1, 2.0, np.float64(3))) == 321.0
    assert total.predict_proba([1, 2, 3]) is None
    assert total.predict_proba_batch(np.zeros((2, 3)), 2) is None


@pytest.mark.parametrize(
    "row, error, message",
    [
        ([1, 2], errors.WrongFeatures, "expects 3 features, got 2"),
        ([], errors.WrongFeatures, "expects 3 features, got 0"),
        ([1, 2, 3, 4], errors.WrongFeatures, "expects 3 features, got 4"),
        ([1, None, 3], errors.MissingValue, '"height" is NULL or NaN'),
        ([1, 2, float("nan")], errors.MissingValue, '"blood pressure" is NULL or NaN'),
        ([float("-inf"), 2, 3], errors.InfiniteValue, '"age" is infinite'),
        ([1, 10**400, 3], errors.InfiniteValue, '"height" is infinite'),
        ([1, "2", 3], errors.UnsupportedType, "\"height\" is '2', not a number"),
    ],
)
def test_rows_that_are_not_clean(total, row, error, message):
    assert total.predict(row) is None
    with pytest.raises(error, match=message) as raised:
        total.predict_carefully(row)
    if error is errors.WrongFeatures:
        assert "age, height, blood pressure" in raised.value.hint


def test_careful_answers_take_what_the_quick_ones_leave(total):
    assert total.predict([[1, 2], [3]]) is None
    assert total.predict_carefully([[1, 2], [3]]) == 321.0
    assert total.predict([Decimal(1), 2, 3]) is None
    assert total.predict_carefully([Decimal(1), 2, 3]) == 321.0
    assert total.predict("abc") is None
    assert total.predict(None) is None


def test_batches(total):
    rows = np.arange(3000.0).reshape(1000, 3)
    expected = rows @ [1, 10, 100]
    np.testing.assert_array_equal(total.predict_batch(rows, 1000), expected)
    np.testing.assert_array_equal(total.predict_batch(rows.tobytes(), 1000), expected)
    assert len(total.predict_batch(b"", 0)) == 0
    shifted = memoryview(b"1234" + rows.tobytes())[4:]  # not aligned as the processor wants it
    np.testing.assert_array_equal(total.predict_batch(shifted, 1000), expected)
    for n_rows in (999, 1001, -1000):
        with pytest.raises(errors.WrongFeatures):
            total.predict_batch(rows, n_rows)


@pytest.mark.parametrize("row", [0, 511, 512, 999])
def test_a_batch_names_the_row_that_is_not_clean(total, row):
    rows = np.zeros((1000, 3))
    rows[row:, 1] = np.nan
    with pytest.raises(errors.MissingValue, match=f'"height" is NULL or NaN in row {row + 1},'):
        total.predict_batch(rows, 1000)
    rows[row, 1] = np.inf
    with pytest.raises(errors.InfiniteValue, match=f'"height" is infinite in row {row + 1}'):
        total.predict_batch(rows, 1000)


def test_what_is_too_large_for_float32_is_refused():
    for evaluator in evaluators(forest.predictor([STUMP], 1, input="single")):
        assert evaluator.predict([3e38]) == 2.0
        assert evaluator.predict([1e39]) is None
        with pytest.raises(errors.InfiniteValue, match="too large"):
            evaluator.predict_carefully([1e39])
        with pytest.raises(errors.InfiniteValue, match="too large"):
            evaluator.predict_batch(np.array([1.0, 1e39]), 2)


def test_what_overflows_in_scaling_is_refused():
    predictor = linear.predictor([1.0], 0.0).prepared(center=[0.0], scale=[1e-300])
    for evaluator in evaluators(predictor):
        assert evaluator.predict([1.0]) == 1.0 / 1e-300
        assert evaluator.predict([1e10]) is None
        with pytest.raises(errors.InfiniteValue, match="too large"):
            evaluator.predict_carefully([1e10])


def test_missing_values_where_the_model_knows_them():
    predictor = forest.predictor([STUMP._replace(missing_left=np.array([True, False, False]))], 1, missing=True)
    for evaluator in evaluators(predictor):
        assert evaluator.predict([None]) == evaluator.predict([float("nan")]) == 1.0
        assert evaluator.predict_carefully([None]) == 1.0
        np.testing.assert_array_equal(evaluator.predict_batch(np.array([np.nan, 0.4, 0.6]), 3), [1.0, 1.0, 2.0])


def test_any_buffer_will_do(tmp_path):
    data = SUM.to_bytes()
    path = tmp_path / "model"
    path.write_bytes(data)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    for buffer in (data, bytearray(data), memoryview(data), memoryview(b"123" + data)[3:], mapped):
        assert predictors.evaluator(buffer).predict([1, 2, 3]) == 321.0


def test_equal_models_are_equal_bytes():
    def again() -> bytes:
        return forest.predictor([STUMP], 1, offset=[1.0], divisor=2.0).prepared(features=["a"]).to_bytes()

    assert len({again() for _ in range(20)}) == 1


def test_labels_may_be_replaced():
    predictor = linear.predictor([1.0], 0.0, output="logistic", classes=[0, 1])
    for evaluator in evaluators(predictor.prepared(classes=[-1.5, 7])):
        assert (evaluator.predict([-1]), evaluator.predict([0]), evaluator.predict([1])) == (-1.5, -1.5, 7.0)
    with pytest.raises(ValueError):
        predictor.prepared(classes=[1, 2, 3])
    with pytest.raises(ValueError):
        predictor.prepared(features=["a", "b"])
    with pytest.raises(ValueError):
        predictor.prepared(center=[1.0])


def test_outputs_that_do_not_fit_are_refused():
    for output, classes in (("softmax", [0, 1]), ("value", [0, 1]), ("logistic", None), ("nonsense", [0, 1])):
        with pytest.raises(ValueError, match="does not fit"):
            linear.predictor([1.0], 0.0, output=output, classes=classes)


def test_the_read_side_imports_no_numpy():
    code = (
        "import sys; from pgml import predictors; predictors.evaluator(sys.stdin.buffer.read()).predict([1, 2, 3]);"
        "print([name for name in ('numpy', 'safetensors', 'sklearn', 'xgboost') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], input=SUM.to_bytes(), capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


@pytest.mark.parametrize("family", ["uncompiled", "engine"])  # the latter is what version 0.1 wrote
def test_a_model_that_is_not_compiled_knows_its_features_and_answers_nothing(family):
    data = Predictor(family, 2, "value", {}, {"algorithm": "nearest", "scores": 1}).to_bytes()
    evaluator = predictors.evaluator(data)
    assert evaluator.family == "uncompiled"
    assert evaluator.predict([1.0, 2.0]) is None and evaluator.predict_proba([1.0, 2.0]) is None
    with pytest.raises(errors.WrongFeatures):
        evaluator.clean([1.0])
