"""What a notebook asks of models, and what it is told about frames and arrays that are not what they should be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pandas as pd
import psycopg2
import pytest
from sessions import Session

import pgml
from pgml import errors
from pgml.notebook import predictions
from pgml.notebook.database import Database

BOTH_DOORS = True


@pytest.fixture(scope="module")
def own(trained_once) -> Session:
    session = Session(trained_once.connect())
    session.execute("CREATE VIEW three AS SELECT a, b, c, a::integer % 3 AS label FROM points")
    session.train("three", "classification", "three", "label")
    session.train("margins", "classification", "three", "label", "ridge")
    session.train("knows missing", "regression", "numbers", "target", "hist_gradient_boosting", '{"max_iter": 5}')
    session.execute("CREATE TABLE images AS SELECT ARRAY[[i, 2], [3, i]] AS image, i % 5 AS size, i AS y FROM generate_series(1, 40) AS i")
    session.train("images", "regression", "images", "y")
    return session


@pytest.fixture
def db(own, trained_once) -> Iterator[Database]:
    with pgml.connect(trained_once.dsn) as db:
        yield db


@pytest.fixture
def frame(own) -> pd.DataFrame:
    """The rows of `points`, their columns in another order than that of training, and one more."""
    return pd.DataFrame(own.execute("SELECT c, 'x', b, a FROM points"), columns=["c", "name", "b", "a"])


def one_by_one(own: Session, call: str, frame: pd.DataFrame, order: str = "abc") -> list:
    """Return what an SQL function says of each row, features in the order of training."""
    rows = frame[list(order)].to_numpy().tolist()
    return [own.value(f"SELECT pgml.{call}, %s::float8[])", row) for row in rows]


# -- answers -----------------------------------------------------------------------------------------------


def test_values(own, db, frame):
    expected = one_by_one(own, "predict('sum'", frame)
    for features in (frame, frame[["a", "b", "c"]].to_numpy(), frame[["a", "b", "c"]].to_numpy().tolist()):
        answers = db.predict("sum", features)
        assert (answers.dtype, answers.shape, answers.tolist()) == (np.float64, (200,), expected)
    assert db.predict("sum", frame.iloc[7:8]).tolist() == db.predict("sum", list(frame.iloc[7][["a", "b", "c"]])).tolist()


def test_labels_and_probabilities(own, db, frame):
    assert db.classes("three") == ["0", "1", "2"]
    labels, probabilities = db.classify("three", frame), db.predict_proba("three", frame)
    assert (labels.dtype, labels.tolist()) == (object, one_by_one(own, "classify('three'", frame))
    assert (probabilities.dtype, probabilities.shape) == (np.float64, (200, 3))
    assert probabilities.tolist() == one_by_one(own, "predict_proba('three'", frame)
    assert (np.array(db.classes("three"))[probabilities.argmax(axis=1)] == labels).all()
    by_position = frame[["a", "b", "c"]].to_numpy()
    assert (db.classify("three", by_position) == labels).all()
    assert (db.predict_proba("three", by_position) == probabilities).all()
    assert db.predict_proba("three", by_position[0]).tolist() == probabilities[:1].tolist()


def test_a_model_by_its_number(own, db, frame):
    models = db.models("sum")["id"]
    assert len(models) == 4
    for model in models:  # as numpy has them
        assert db.predict_model(model, frame).tolist() == one_by_one(own, f"predict_model({model}", frame)
    with pytest.raises(errors.UnknownModel, match="unknown model 99"):
        db.predict_model(99, frame)
    with pytest.raises(errors.UnknownModel, match="unknown model 99"):
        db.predict_model(99, [1, 2, 3])
    with pytest.raises(errors.InvalidArgument, match="a model is asked for by its number, not by 'sum'"):
        db.predict_model("sum", frame)


def test_a_relation_is_scored_where_it_is(own, db):
    scores = db.score("three", "three", "a")
    assert list(scores.columns) == ["key", "prediction"]
    assert (len(scores), scores["prediction"].dtype) == (200, np.float64)
    expected = own.execute("SELECT a::text, pgml.predict('three', ARRAY[a, b, c]) FROM three")
    assert sorted(map(tuple, scores.to_numpy().tolist())) == sorted(expected)
    scores = db.score_proba("three", "three", "a")
    assert list(scores.columns) == ["key", "probabilities"]
    assert np.allclose([sum(row) for row in scores["probabilities"]], 1)
    with pytest.raises(errors.UnknownColumn, match='points has no column "nothing"'):
        db.score("three", "points", "nothing")
    with pytest.raises(errors.UnknownRelation):
        db.score("three", "nowhere", "a")


def test_a_series_with_names_is_a_row(db, frame):
    row = frame.drop(columns="name").iloc[3]
    assert db.predict("sum", row).tolist() == db.predict("sum", frame.iloc[3:4]).tolist()
    assert db.predict("sum", frame.iloc[3]).tolist() == db.predict("sum", frame.iloc[3:4]).tolist()
    assert db.predict("sum", [row, row[::-1]]).tolist() == db.predict("sum", frame.iloc[[3, 3]]).tolist()
    assert db.predict("sum", pd.Series([1.0, 2.0, 3.0])).tolist() == db.predict("sum", [1, 2, 3]).tolist()


def test_columns_of_arrays_are_as_many_features(own, db):
    cells = [[[5, 2], [3, 5]], np.array([[7, 2], [3, 7]]), [9, 2, 3, 9], (Decimal(11), 2.0, 3, 11)]
    frame = pd.DataFrame({"size": [0, 2, 4, 1], "image": cells})
    assert db.predict("images", frame) == pytest.approx([5, 7, 9, 11])


def test_numbers_of_every_kind(db):
    expected = db.predict("sum", [[1, 2, 3], [0, 1, 5]])
    columns = {
        "int64": np.array([1, 0]), "object": np.array([Decimal(1), False], dtype=object), "Int64": pd.array([1, 0], dtype="Int64"),
        "float32": np.array([1, 0], dtype=np.float32), "boolean": pd.array([True, False], dtype="boolean"), "bool": np.array([True, False]),
        "category": pd.Categorical([1, 0]), "uint8": np.array([1, 0], dtype=np.uint8),
    }  # fmt: skip
    for name, column in columns.items():
        assert db.predict("sum", pd.DataFrame({"a": column, "b": [2, 1], "c": [3, 5]})).tolist() == expected.tolist(), name
    assert db.predict("sum", [[True, Decimal(2), 3.0], [0, np.float32(1), 5]]).tolist() == expected.tolist()


def test_missing_numbers(own, db):
    expected = own.value("SELECT pgml.predict('knows missing', '{1,NULL,3}')")
    for column in ([None], [np.nan], [pd.NA], pd.array([None], dtype="Int64"), pd.array([None], dtype="Float32")):
        assert db.predict("knows missing", pd.DataFrame({"a": [1], "b": column, "c": [3]})).tolist() == [expected]
    assert db.predict("knows missing", [1, None, 3]).tolist() == [expected]
    assert db.predict("knows missing", np.ma.masked_array([[1, 2, 3]], mask=[[False, True, False]])).tolist() == [expected]
    with pytest.raises(errors.MissingValue, match='project "sum": feature "b" is NULL or NaN in row 2,'):
        db.predict("sum", [[1, 2, 3], [1, None, 3]])
    with pytest.raises(errors.InfiniteValue, match='feature "a" is infinite'):
        db.predict("sum", [10**400, 2, 3])


def test_no_rows(db, frame):
    for none in (frame[:0], np.empty((0, 3))):
        assert db.predict("sum", none).shape == db.classify("three", none).shape == (0,)
        assert db.predict_proba("three", none).shape == (0, 3)
        assert db.predict_model(1, none).shape == (0,)
        for method in (db.predict, db.classify, db.predict_proba):
            with pytest.raises(errors.UnknownProject):
                method("nothing", none)
    with pytest.raises(errors.WrongFeatures, match='no column "a"'):
        db.predict("sum", frame[:0].drop(columns="a"))


# -- many rows ---------------------------------------------------------------------------------------------


class Interrupting(psycopg2.extensions.cursor):
    """A cursor before whose every question about rows another session does something."""

    meanwhile = None

    def execute(self, statement, parameters=None):
        if "unnest" in str(statement) or "predict_batch" in str(statement):
            type(self).meanwhile()
        super().execute(statement, parameters)


@pytest.fixture
def deploying(own, db, monkeypatch) -> Iterator[Database]:
    """A database that is asked in messages of few rows, between which another session deploys now this and now that model."""
    own.execute("CREATE VIEW turned AS SELECT b, c, a, target FROM points")
    own.train("turning", "regression", "numbers", "target")
    own.train("turning", "regression", "turned", "target", "random_forest", '{"n_estimators": 3}', deploy=False)
    (first, second) = [model for (model,) in own.execute(
        "SELECT m.id FROM pgml.models AS m JOIN pgml.projects AS p ON p.id = project_id WHERE name = 'turning' ORDER BY m.id"
    )]  # fmt: skip
    turns = iter(["random_forest", "linear"] * 1000)
    Interrupting.meanwhile = lambda: own.execute("SELECT pgml.deploy('turning', 'most_recent', %s)", next(turns))
    monkeypatch.setattr(predictions, "_NUMBERS_AT_ONCE", 30)
    db.connection.cursor_factory = Interrupting
    db.both = first, second
    yield db
    db.connection.cursor_factory = None
    own.execute("DELETE FROM pgml_internal.projects WHERE name = 'turning'; DROP VIEW turned")


@pytest.mark.parametrize(("place", "algorithm", "order"), [(0, "linear", "abc"), (1, "random_forest", "bca")])
def test_one_model_answers_for_all_rows(own, deploying, frame, place, algorithm, order):
    """And it is the one whose features were looked for in the frame, though another was deployed before it was asked."""
    own.execute("SELECT pgml.deploy('turning', 'most_recent', %s)", algorithm)
    expected = one_by_one(own, f"predict_model({deploying.both[place]}", frame, order)
    assert deploying.predict("turning", frame).tolist() == expected


def test_one_model_answers_in_a_transaction_of_the_callers_own(own, deploying, frame):
    deploying.connection.autocommit = False
    first, second = (one_by_one(own, f"predict_model({model}", frame) for model in deploying.both)
    by_position = frame[["a", "b", "c"]].to_numpy()
    assert [deploying.predict("turning", by_position).tolist() for _ in range(2)] == [second, first]
    deploying.connection.rollback()


def test_rows_are_counted_from_the_first_of_all(db, monkeypatch):
    monkeypatch.setattr(predictions, "_NUMBERS_AT_ONCE", 30)
    rows = np.ones((35, 3))
    rows[32, 1] = np.nan
    with pytest.raises(errors.MissingValue, match='"b" is NULL or NaN in row 33, and the model knows no missing values'):
        db.predict("sum", rows)
    rows[4, 2] = np.inf
    with pytest.raises(errors.InfiniteValue, match='"c" is infinite in row 5$'):
        db.predict("sum", rows)


def test_a_transaction_is_left_as_it_was_found(db, frame):
    idle, begun = psycopg2.extensions.TRANSACTION_STATUS_IDLE, psycopg2.extensions.TRANSACTION_STATUS_INTRANS
    db.predict("sum", frame)
    assert db.connection.info.transaction_status == idle
    with pytest.raises(errors.UnknownProject):
        db.predict("nothing", [1, 2, 3])
    assert db.connection.info.transaction_status == idle
    with db.connection.cursor() as cursor:
        cursor.execute("BEGIN; CREATE TEMP TABLE mine (x int)")
        db.predict("sum", frame)
        assert db.connection.info.transaction_status == begun
        cursor.execute("INSERT INTO mine VALUES (1); COMMIT")


# -- what cannot be ----------------------------------------------------------------------------------------

BAD_FRAMES = {
    "missing": ({"a": [1], "b": [2]}, errors.WrongFeatures, 'the features have no column "c"', "the model needs a, b, c"),
    "no columns": ({}, errors.WrongFeatures, 'the features have no column "a"', "the model needs a, b, c"),
    "a text": ({"a": [1, 2], "b": [2, "many"], "c": [3, 4]}, errors.UnsupportedType, "feature \"b\" is 'many' in row 2, not a number", None),
    "texts": ({"a": ["1"], "b": [2], "c": [3]}, errors.UnsupportedType, "feature \"a\" is '1' in row 1, not a number", None),
    "a date": ({"a": pd.to_datetime(["2026-01-01"]), "b": [2], "c": [3]}, errors.UnsupportedType, 'feature "a" is Timestamp', None),
    "a span": ({"a": pd.to_timedelta([5]), "b": [2], "c": [3]}, errors.UnsupportedType, 'feature "a" is Timedelta', None),
    "complex": ({"a": [1j], "b": [2], "c": [3]}, errors.UnsupportedType, 'feature "a" is 1j in row 1, not a number', None),
    "arrays": ({"a": [[1, 2]], "b": [2], "c": [3]}, errors.UnsupportedType, 'feature "a" is [1, 2] in row 1, not a number', None),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_FRAMES)
@pytest.mark.parametrize("method", ["predict", "classify", "predict_proba", "predict_model"])
def test_frames_that_cannot_be(db, method, kind):
    columns, error, said, hint = BAD_FRAMES[kind]
    with pytest.raises(error, match=re.escape(said)) as raised:
        getattr(db, method)(1 if method == "predict_model" else "three", pd.DataFrame(columns))
    assert raised.value.hint == hint


def test_two_columns_of_a_name(db, frame):
    twice = pd.concat([frame, frame[["b"]]], axis=1)
    with pytest.raises(errors.WrongFeatures, match='the features have 2 columns "b", and a name must be that of one') as raised:
        db.predict("sum", twice)
    assert "columns.duplicated()" in raised.value.hint
    also = pd.concat([frame, frame[["name"]]], axis=1)  # none of the model's
    assert db.predict("sum", also).tolist() == db.predict("sum", frame).tolist()


@pytest.mark.parametrize(
    ("cell", "error", "said"),
    [
        ([1, 2, 3], errors.WrongFeatures, "got 3 elements in row 2"),
        ([[1, 2], [3]], errors.WrongFeatures, "got [[1, 2], [3]] in row 2"),
        (7, errors.WrongFeatures, "got 7 in row 2"),
        ("1234", errors.WrongFeatures, "got '1234' in row 2"),
        ([1, 2, "x", 4], errors.UnsupportedType, "feature \"image[3]\" is 'x' in row 2, not a number"),
        (None, errors.MissingValue, 'feature "image[1]" is NULL or NaN in row 2'),
    ],
)
def test_arrays_in_a_column_that_cannot_be(db, cell, error, said):
    with pytest.raises(error, match=re.escape(said)) as raised:
        db.predict("images", pd.DataFrame({"image": [[1, 2, 3, 4], cell], "size": [1, 2]}))
    if error is errors.WrongFeatures:
        assert 'the arrays in column "image" must have the 4 elements' in raised.value.message


@pytest.mark.parametrize(
    ("features", "error", "said"),
    [
        ([], errors.WrongFeatures, "must be [rows, features], got the shape (0,)"),
        ([[], []], errors.WrongFeatures, "must be [rows, features], got the shape (2, 0)"),
        (np.zeros((2, 2, 3)), errors.WrongFeatures, "must be [rows, features], got the shape (2, 2, 3)"),
        ([[1, 2, 3], [1, 2]], errors.WrongFeatures, "must be [rows, features], and these rows differ in their lengths"),
        ([1, 2], errors.WrongFeatures, 'project "three": the model expects 3 features, got 2'),
        (np.zeros((5, 4)), errors.WrongFeatures, 'project "three": the model expects 3 features, got 4'),
        ({"a": 1, "b": 2, "c": 3}, errors.WrongFeatures, "must be [rows, features] or a DataFrame, got {'a': 1"),
        (None, errors.WrongFeatures, "must be [rows, features] or a DataFrame, got None"),
        (5.0, errors.WrongFeatures, "must be [rows, features] or a DataFrame, got 5.0"),
        ([[1, 2, 3], [1, "two", 3]], errors.UnsupportedType, "feature 2 is 'two' in row 2, not a number"),
        (np.array([["1", "2", "3"]]), errors.UnsupportedType, "feature 1 is '1' in row 1, not a number"),
        ([1, 2j, 3], errors.UnsupportedType, "feature 2 is 2j in row 1, not a number"),
        (np.array(["2026-01-01"] * 3, dtype="datetime64[ns]"), errors.UnsupportedType, "feature 1 is '2026-01-01"),
        ([{"a": 1}, {"a": 2}, {"a": 3}], errors.UnsupportedType, "feature 1 is {'a': 1} in row 1, not a number"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "classify", "predict_proba"])
def test_arrays_that_cannot_be(db, method, features, error, said):
    with pytest.raises(error, match=re.escape(said)):
        getattr(db, method)("three", features)


def test_what_is_no_name(db, frame):
    for call in (
        lambda: db.train("new", "regression", frame, "a"), lambda: db.score("three", frame, "a"), lambda: db.predict(frame, frame),
    ):  # fmt: skip
        with pytest.raises(errors.InvalidArgument, match="a DataFrame is no value of SQL"):
            call()
    with pytest.raises(errors.InvalidArgument, match="pgml.predict: project_name must not be NULL"):
        db.predict(None, frame)


def test_what_a_model_does_not_answer(db, frame):
    for method in (db.classify, db.predict_proba):
        with pytest.raises(errors.InvalidArgument, match="its model is of a regression, which has no classes"):
            method("sum", frame)
    with pytest.raises(errors.InvalidArgument, match="which has no classes"):
        db.classes("sum")
    with pytest.raises(errors.InvalidArgument, match="gives labels and no probabilities"):
        db.predict_proba("margins", frame)
    for method in (db.predict, db.classify, db.predict_proba):
        for features in (frame, [1, 2, 3]):
            with pytest.raises(errors.UnknownProject, match='unknown project "nothing"'):
                method("nothing", features)


def test_a_role_that_may_predict_and_not_read(own, trained_once, frame):
    trained_once.role("app")
    own.execute("GRANT USAGE ON SCHEMA pgml TO app; SELECT pgml.grant('three', 'predict', 'app')")
    model = own.value("SELECT id FROM pgml.deployed_models WHERE name = 'three'")
    db = Database(trained_once.connect("app"))
    assert len(db.classify("three", frame)) == len(db.predict_proba("three", frame)) == 200
    by_position = frame[["a", "b", "c"]].to_numpy()
    assert db.predict_model(model, by_position).tolist() == db.predict("three", frame).tolist()
    with pytest.raises(errors.PermissionDenied, match="the names of its features need the privilege read") as raised:
        db.predict_model(model, frame)
    assert raised.value.hint == "give the features by position, in an array"
    with pytest.raises(errors.UnknownModel):
        db.predict_model(1, frame)
    with pytest.raises(errors.PermissionDenied, match='permission denied for project "sum"'):
        db.predict("sum", frame)
    own.execute("DROP OWNED BY app")
