"""The data sets that pgml brings: their tables hold what scikit-learn holds."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import Session
from sklearn import datasets

# name: rows, columns without the targets, type of the target
LOADED = {
    "diabetes": (442, ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"], "double precision"),
    "iris": (150, ["sepal_length", "sepal_width", "petal_length", "petal_width"], "integer"),
    "wine": (178, list(datasets.load_wine().feature_names), "integer"),
    "breast_cancer": (569, list(datasets.load_breast_cancer().feature_names), "integer"),
}


@pytest.fixture(scope="module")
def session(trained_once) -> Session:
    return Session(trained_once.connect())


def columns(session: Session, table: str) -> list[tuple[str, str]]:
    return session.execute(
        "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        f"pgml.{table}",
    )


@pytest.mark.parametrize("name", LOADED)
def test_data_set_is_scikit_learns(session, name):
    rows, features, kind = LOADED[name]
    assert session.value("SELECT pgml.load_dataset(%s)", name) == "OK"
    assert columns(session, name) == [
        *((feature, "double precision") for feature in features),
        ("target", kind),
    ]
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    loaded = np.array(session.execute(f"SELECT * FROM pgml.{name}"))
    assert loaded.shape == (rows, len(features) + 1)
    assert (loaded[:, :-1] == X).all() and (loaded[:, -1] == y).all(), (
        "to the last bit, and in the same order"
    )


def test_digits_are_images(session):
    assert session.value("SELECT pgml.load_dataset('digits')") == "OK"
    assert columns(session, "digits") == [("image", "smallint[]"), ("target", "smallint")]
    X, y = datasets.load_digits(return_X_y=True)
    rows = session.execute("SELECT image, target FROM pgml.digits")
    assert (np.array([image for image, _ in rows]) == X).all() and [
        target for _, target in rows
    ] == y.tolist()


def test_linnerud_has_three_targets(session):
    assert session.value("SELECT pgml.load_dataset('linnerud')") == "OK"
    assert [name for name, _ in columns(session, "linnerud")[-3:]] == ["weight", "waist", "pulse"]
    bunch = datasets.load_linnerud()
    loaded = np.array(session.execute("SELECT * FROM pgml.linnerud"), dtype=float)
    assert (loaded == np.hstack([bunch.data, bunch.target])).all()


def test_loading_again_makes_it_anew(session):
    session.execute("SELECT pgml.load_dataset('iris')")
    session.execute("DELETE FROM pgml.iris WHERE target = 0; ALTER TABLE pgml.iris DROP sepal_width")
    assert session.value("SELECT pgml.load_dataset('iris')") == "OK"
    assert session.value("SELECT count(sepal_width) FROM pgml.iris") == 150


def test_loading_twice_in_one_transaction_and_undoing_it(session):
    session.execute(
        "BEGIN; SELECT pgml.load_dataset('linnerud'); SELECT pgml.load_dataset('linnerud'); DROP TABLE pgml.linnerud"
    )
    session.execute("SELECT pgml.load_dataset('linnerud')")
    session.execute("ROLLBACK")
    assert session.value("SELECT count(*) FROM pgml.linnerud") == 20


def test_a_table_that_is_no_data_set_is_not_replaced(session):
    session.execute("DROP TABLE IF EXISTS pgml.wine; CREATE TABLE pgml.wine AS SELECT 'mine' AS bottle")
    error = session.refused("SELECT pgml.load_dataset('wine')")
    assert error.pgcode == "ML009"
    assert "would be lost" in error.diag.message_primary
    assert session.value("SELECT bottle FROM pgml.wine") == "mine"
    session.execute("DROP TABLE pgml.wine")


def test_views_on_a_data_set_stay(session):
    session.execute("SELECT pgml.load_dataset('diabetes')")
    session.execute("CREATE VIEW thin AS SELECT * FROM pgml.diabetes WHERE bmi < 0")
    count = session.value("SELECT count(*) FROM thin")
    session.execute("DELETE FROM pgml.diabetes")
    assert session.value("SELECT pgml.load_dataset('diabetes')") == "OK"
    assert session.value("SELECT count(*) FROM thin") == count > 0


@pytest.mark.parametrize(
    ("name", "objective"),
    [
        ("diabetes", "regression"),
        ("iris", "classification"),
        ("breast_cancer", "classification"),
        ("digits", "classification"),
    ],
)
def test_data_sets_can_be_trained_on(session, name, objective):
    session.execute("SELECT pgml.load_dataset(%s)", name)
    assert session.train(name, objective, f"pgml.{name}", "target")[3] == "deployed"
    key = session.value("SELECT metrics FROM pgml.models JOIN pgml.deployed_models USING (id) WHERE name = %s", name)
    assert key.get("r2", 1) > 0.4 and key.get("f1", 1) > 0.9
