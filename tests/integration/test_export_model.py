"""Models exported as bytes: as pgml keeps them, as ONNX, and in the format of their library."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys

import numpy as np
import pytest
from sessions import Session

from pgml import cli, predictors
from pgml.notebook.database import connect

POINTS = "SELECT a, b, c FROM points ORDER BY ctid"


def exported(session: Session, model: int | str, *format: str) -> bytes:
    return bytes(
        session.value(f"SELECT pgml.export_model({', '.join(['%s'] * (1 + len(format)))})", model, *format)
    )


def model_of(session: Session, project: str, algorithm: str) -> int:
    """Return the number of the first model of an algorithm."""
    return session.value(
        "SELECT min(id) FROM pgml.trained_models WHERE name = %s AND algorithm_name = %s", project, algorithm
    )


@pytest.fixture(scope="module")
def reader(trained_once) -> Session:
    """A session in which all tests of the module export, so that the engine is warm."""
    session = Session(trained_once.connect())
    session.train("parity", algorithm="xgboost", hyperparams='{"n_estimators": 5}', deploy=False)
    session.train("sum", algorithm="svm", deploy=False)
    return session


def test_safetensors_is_the_predictor(reader):
    for project in ("sum", "parity"):
        number, digest = reader.execute(
            "SELECT id, digest FROM pgml.deployed_models JOIN pgml.models USING (id) WHERE name = %s", project
        )[0]
        saved = exported(reader, project)
        assert hashlib.sha256(saved).hexdigest() == digest
        assert exported(reader, number) == exported(reader, number, "safetensors") == saved
        assert predictors.evaluator(saved).features == ("a", "b", "c")


@pytest.mark.parametrize(
    ("project", "algorithm"),
    [("sum", "linear"), ("sum", "random_forest"), ("sum", "gradient_boosting_trees"), ("sum", "svm"), ("parity", "linear"),
     ("parity", "random_forest"), ("parity", "xgboost")],
)  # fmt: skip
def test_onnx_answers_as_the_predictor_does(reader, project, algorithm):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    number = model_of(reader, project, algorithm)
    model = runtime.InferenceSession(exported(reader, number, "onnx"), providers=["CPUExecutionProvider"])
    rows = np.array(reader.execute(POINTS))
    answers = model.run(None, {"features": rows})
    evaluator = predictors.evaluator(exported(reader, number))
    np.testing.assert_allclose(answers[0], evaluator.predict_batch(rows, len(rows)), rtol=1e-9, atol=1e-9)
    if project == "parity":
        assert answers[0].dtype == np.int64
        likely = np.reshape(evaluator.predict_proba_batch(rows, len(rows)), (-1, 2))
        np.testing.assert_allclose(answers[1], likely, rtol=1e-9, atol=1e-6)
    said = model.get_modelmeta().custom_metadata_map
    assert (said["project"], said["model"], said["algorithm"]) == (project, str(number), algorithm)


def test_native_of_scikit_learn_takes_what_the_model_takes(reader):
    import skops.io

    rows = np.array(reader.execute(POINTS))
    for project, algorithm in (
        ("sum", "linear"),
        ("sum", "svm"),
        ("parity", "linear"),
        ("parity", "random_forest"),
    ):
        number = model_of(reader, project, algorithm)
        saved = exported(reader, number, "native")
        estimator = skops.io.loads(saved, trusted=skops.io.get_untrusted_types(data=saved))
        expected = predictors.evaluator(exported(reader, number)).predict_batch(rows, len(rows))
        np.testing.assert_allclose(estimator.predict(rows), expected, rtol=1e-9)


def test_native_of_xgboost_is_its_own_format(reader):
    import xgboost

    number = model_of(reader, "parity", "xgboost")
    booster = xgboost.Booster(model_file=bytearray(exported(reader, number, "native")))
    rows = np.array(reader.execute(POINTS))
    labels = booster.predict(xgboost.DMatrix(rows)) > 0.5
    expected = predictors.evaluator(exported(reader, number)).predict_batch(rows, len(rows))
    np.testing.assert_array_equal(labels, expected)


def test_a_model_that_does_not_come_out_the_same_is_not_handed_out_as_native(trained):
    session = Session(trained.connect())
    number = model_of(session, "sum", "random_forest")
    trained.execute(
        "UPDATE pgml_internal.models SET hyperparams = hyperparams || '{\"random_state\": 7}' WHERE id = %s",
        number,
    )
    refused = session.refused("SELECT pgml.export_model(%s::bigint, 'native')", number)
    assert refused.pgcode == "ML021"
    assert f"model {number} comes out otherwise when it is trained again" in refused.diag.message_primary
    assert "train it anew" in refused.diag.message_hint
    assert exported(session, number)
    trained.execute("DROP TABLE pgml_snapshots.snapshot_1")
    assert session.refused("SELECT pgml.export_model(%s::bigint, 'native')", number).pgcode == "ML010"


def test_what_cannot_be_exported(reader):
    refused = reader.refused("SELECT pgml.export_model('sum', 'pickle')")
    assert refused.pgcode == "ML009" and 'unknown format "pickle"' in refused.diag.message_primary
    assert "native, onnx, safetensors" in refused.diag.message_hint
    for statement in (
        "SELECT pgml.export_model('sum', NULL)", "SELECT pgml.export_model(NULL::text)",
        "SELECT pgml.export_model(NULL::bigint)", "SELECT pgml.export_model('')",
    ):  # fmt: skip
        assert reader.refused(statement).pgcode == "ML009"
    assert reader.refused("SELECT pgml.export_model(99)").pgcode == "ML022"
    assert reader.refused("SELECT pgml.export_model('nowhere')").pgcode == "ML003"


def test_the_command_line_and_the_notebook(trained_once, reader, tmp_path, capsys):
    file = tmp_path / "model"
    number = model_of(reader, "parity", "linear")
    assert cli.main(["export", "sum", trained_once.dsn, "--output", str(file)]) == 0
    assert file.read_bytes() == exported(reader, "sum")
    assert (
        cli.main(["export", str(number), trained_once.dsn, "--format", "native", "--output", str(file)]) == 0
    )
    assert io.BytesIO(file.read_bytes()).read(2) == b"PK"
    named = ["--format", "sql", "--function", "scores.parity", "--output", str(file)]
    assert cli.main(["export", "parity", trained_once.dsn, *named]) == 0
    assert file.read_text().startswith('CREATE OR REPLACE FUNCTION "scores"."parity"("a" float8')
    assert f"{file}: {file.stat().st_size} bytes" in capsys.readouterr().out
    piped = [sys.executable, "-c", "import sys; from pgml import cli; sys.exit(cli.main())", "export", "sum", trained_once.dsn]
    assert subprocess.run([*piped, "--output", "-"], stdout=subprocess.PIPE, check=True).stdout == exported(reader, "sum")
    for words, said in (
        (["export", "sun", trained_once.dsn, "--output", str(file)], 'unknown project "sun"'),
        (["export", "sum", trained_once.dsn, "--output", str(tmp_path / "no" / "file")], "cannot write"),
        (["export", "sum", "host=/nowhere", "--output", str(file)], "No such file"),
    ):
        assert cli.main(words) == 1
        assert said in capsys.readouterr().err
    with connect(trained_once.dsn) as database:
        assert database.export_model(number) == exported(reader, number)
        assert database.export_model("sum", "safetensors") == exported(reader, "sum")
        assert database.export_sql(number, "f") == reader.value(
            "SELECT pgml.export_sql(%s::bigint, 'f')", number
        )
