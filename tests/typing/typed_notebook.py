"""A notebook whose author has everything type checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import pgml
from pgml.errors import UnknownAlgorithm

if TYPE_CHECKING:
    from typing import assert_type

    import pandas as pd


def errors_of_a_ridge(dsn: str) -> np.ndarray:
    """Train a model, and return by how much it is wrong, for each row that there is."""
    with pgml.connect(dsn, application_name="notebook") as db:
        patients = db.load_dataset("diabetes")
        trained = db.train(
            "Typed", "regression", "pgml.diabetes", "target", algorithm="ridge", hyperparams={"alpha": 0.5}
        )
        assert trained["status"] == "deployed"
        try:
            db.train("Typed", algorithm="rigde")
        except UnknownAlgorithm as error:
            assert error.hint is not None and "ridge" in error.hint
        db.deploy("Typed", "most_recent")
        assert db.export_sql("Typed", "typed").startswith('CREATE OR REPLACE FUNCTION "typed"')
        assert len(db.export_model(int(db.models("Typed")["id"][0]))) > 100
        predictions = db.predict("Typed", patients)
        assert len(db.predict("Typed", [0.0] * 10)) == 1
        assert list(db.models("Typed")["algorithm_name"]) == ["ridge"]
        assert len(db.predict_model(db.models("Typed")["id"][0], patients)) == len(db.score("Typed", "pgml.diabetes", "age"))
        return np.asarray(predictions - patients["target"].to_numpy())


if TYPE_CHECKING:  # what a type checker knows, and what it refuses: an ignore that is not needed is an error, too
    db = pgml.connect()
    assert_type(db.train("Typed"), dict[str, str])
    assert_type(db.predict("Typed", [[1.0, 2.0]]), np.ndarray)
    assert_type(db.predict_model(1, [[1.0, 2.0]]), np.ndarray)
    assert_type(db.predict_proba("Typed", pd.DataFrame()), np.ndarray)
    assert_type(db.classify("Typed", np.zeros((2, 3))), np.ndarray)
    assert_type(db.classes("Typed"), list[str])
    assert_type(db.score("Typed", "pgml.diabetes", "age"), pd.DataFrame)
    assert_type(db.score_proba("Typed", "pgml.diabetes", "age"), pd.DataFrame)
    assert_type(db.load_dataset("iris"), pd.DataFrame)
    assert_type(db.algorithms(), pd.DataFrame)
    assert_type(db.version(), str)
    assert_type(db.export_sql(1, "typed"), str)
    assert_type(db.export_model("Typed", "onnx"), bytes)

    db.train("Typed", hyperparams=["alpha"])  # type: ignore[arg-type]
    db.train("Typed", tset_size=0.5)  # type: ignore[call-arg]
    db.predict("Typed", {1.0, 2.0})  # type: ignore[arg-type]
    db.predict_model("Typed", [1.0])  # type: ignore[arg-type]
    db.predcit("Typed", [1.0])  # type: ignore[attr-defined]
