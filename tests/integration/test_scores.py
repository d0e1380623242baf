"""Scores and what follows from them: they are scikit-learn's, and decide which model is deployed by itself."""

from __future__ import annotations

import numpy as np
import pytest
from sessions import Session
from sklearn import metrics as sklearn_metrics

from pgml import predictors

REGRESSION = {"mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2"}
CLASSIFICATION = {"f1", "precision", "recall", "accuracy"}
FOUR = ("linear", "random_forest", "xgboost", "gradient_boosting_trees")


@pytest.fixture(scope="module")
def session(trained_once) -> Session:
    session = Session(trained_once.connect())
    session.execute("SELECT pgml.load_dataset('diabetes'), pgml.load_dataset('iris')")
    session.execute("CREATE VIEW two_irises AS SELECT * FROM pgml.iris WHERE target > 0")
    return session


def newest(session: Session) -> dict:
    """Return what there is to know of the model that was trained last: scores, snapshot, split, predictor."""
    ((metrics, features, table, target, test_rows, predictor),) = session.execute(
        """
        SELECT m.metrics, m.features, 'pgml_snapshots.snapshot_' || s.id, s.y_column_name, a.test_rows, a.predictor
        FROM pgml.models AS m JOIN pgml.snapshots AS s ON s.id = m.snapshot_id
        JOIN pgml_internal.artifacts AS a ON a.model_id = m.id ORDER BY m.id DESC LIMIT 1
        """
    )
    columns = ", ".join(f'"{name}"' for name in (*features, target))
    rows = np.array(session.execute(f"SELECT {columns} FROM {table}"), dtype=float)
    test = np.unpackbits(np.frombuffer(test_rows, np.uint8), count=len(rows)).astype(bool)
    evaluator = predictors.evaluator(bytes(predictor))
    X = np.ascontiguousarray(rows[test, :-1])
    probabilities = evaluator.predict_proba_batch(X, len(X)) if evaluator.classes else None
    return {
        "metrics": metrics,
        "y_true": rows[test, -1],
        "y_pred": np.array(evaluator.predict_batch(X, len(X))),
        "probabilities": probabilities and np.array(probabilities).reshape(len(X), -1),
        "test": test,
    }


@pytest.mark.parametrize("algorithm", FOUR)
def test_regression_scores_are_scikit_learns(session, algorithm):
    session.train("scores", "regression", "pgml.diabetes", "target", algorithm)
    model = newest(session)
    y = model["y_true"], model["y_pred"]
    expected = {
        "mean_squared_error": sklearn_metrics.mean_squared_error(*y),
        "root_mean_squared_error": sklearn_metrics.root_mean_squared_error(*y),
        "mean_absolute_error": sklearn_metrics.mean_absolute_error(*y),
        "r2": sklearn_metrics.r2_score(*y),
    }
    assert {name: model["metrics"][name] for name in REGRESSION} == pytest.approx(expected, rel=1e-6)
    assert set(model["metrics"]) == REGRESSION | {"fit_time", "score_time"}
    assert model["test"].sum() == 111 and model["metrics"]["fit_time"] > 0 <= model["metrics"]["score_time"]


@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")  # XGBoost's are of single precision
@pytest.mark.parametrize("relation", ["pgml.iris", "two_irises"])
@pytest.mark.parametrize("algorithm", FOUR)
def test_classification_scores_are_scikit_learns(session, relation, algorithm):
    session.train(f"labels of {relation}", "classification", relation, "target", algorithm)
    model = newest(session)
    y = model["y_true"], model["y_pred"]
    macro = {"average": "macro", "zero_division": 0}
    labels = np.unique(model["y_true"])
    of_each = model["probabilities"] if len(labels) > 2 else model["probabilities"][:, 1]
    expected = {
        "f1": sklearn_metrics.f1_score(*y, **macro),
        "precision": sklearn_metrics.precision_score(*y, **macro),
        "recall": sklearn_metrics.recall_score(*y, **macro),
        "accuracy": sklearn_metrics.accuracy_score(*y),
        "log_loss": sklearn_metrics.log_loss(model["y_true"], model["probabilities"]),
        "roc_auc": sklearn_metrics.roc_auc_score(model["y_true"], of_each, multi_class="ovr"),
    }
    assert {name: model["metrics"][name] for name in expected} == pytest.approx(expected, rel=1e-4)
    assert set(model["metrics"]) == set(expected) | {"fit_time", "score_time"}
    shares = np.bincount(model["y_true"].astype(int), minlength=3)
    assert shares[shares > 0].tolist() in ([12, 13, 13], [13, 12, 13], [13, 13, 12], [13, 12], [12, 13])


def test_scores_are_stored_as_numbers(session):
    session.train("numbers", "regression", "pgml.diabetes", "target")
    kinds = session.execute("SELECT DISTINCT jsonb_typeof(value) FROM pgml.models, jsonb_each(metrics)")
    assert kinds == [("number",)]


def test_a_score_that_is_not_defined_is_null(session):
    session.train("one row", "regression", "pgml.diabetes", "target", test_size=1)
    assert newest(session)["metrics"]["r2"] is None


# -- automatic deployment ----------------------------------------------------------------------------------


def error_of(session: Session, project: str) -> dict[int, float]:
    return dict(
        session.execute(
            "SELECT id, (metrics ->> 'mean_squared_error')::float8 FROM pgml.models JOIN pgml.trained_models USING (id)"
            " WHERE name = %s",
            project,
        )
    )


def deployed(session: Session, project: str) -> int:
    return session.value("SELECT id FROM pgml.deployed_models WHERE name = %s", project)


def test_the_better_model_is_deployed_by_itself(session):
    """On one split, so that the stored errors can be compared."""
    best = None
    for algorithm, hyperparams in (
        ("random_forest", '{"n_estimators": 1, "max_depth": 1}'),
        ("random_forest", '{"n_estimators": 20}'),
        ("random_forest", '{"n_estimators": 2, "max_depth": 1}'),
        ("linear", "{}"),
        ("linear", "{}"),
    ):
        relation = ("pgml.diabetes", "target") if best is None else (None, None)
        status = session.train("race", "regression", *relation, algorithm, hyperparams)[3]
        errors = error_of(session, "race")
        model = max(errors)
        better = best is None or errors[model] < errors[best]
        assert status == ("deployed" if better else "not deployed")
        best = model if better else best
        assert deployed(session, "race") == best
    assert len(errors) == 5


def test_the_highest_f1_wins(session):
    session.train(
        "flowers",
        "classification",
        "pgml.iris",
        "target",
        "random_forest",
        '{"n_estimators": 1, "max_depth": 1}',
    )
    assert session.train("flowers", algorithm="linear")[3] == "deployed"
    worse = session.train(
        "flowers",
        algorithm="random_forest",
        hyperparams='{"n_estimators": 1, "max_depth": 1, "random_state": 3}',
    )
    assert worse[3] == "not deployed"


def test_deploy_false_never_deploys(session):
    session.train(
        "shy",
        "regression",
        "numbers",
        "target",
        "random_forest",
        '{"n_estimators": 1, "max_depth": 1}',
        deploy=False,
    )
    assert session.execute("SELECT * FROM pgml.deployed_models WHERE name = 'shy'") == []
    session.train("shy", algorithm="random_forest", hyperparams='{"n_estimators": 1, "max_depth": 1}')
    first = deployed(session, "shy")
    assert session.train("shy", algorithm="linear", deploy=False)[3] == "not deployed"
    assert deployed(session, "shy") == first


def test_an_old_model_is_scored_again_on_new_rows(session):
    """The first model fits its rows perfectly; on what the rows are now it is far off, whatever its stored score."""
    session.execute(
        "CREATE TABLE moving AS SELECT i::float8 AS x, 2.0 * i AS y FROM generate_series(1, 100) AS i"
    )
    session.train("moving", "regression", "moving", "y")
    first = deployed(session, "moving")
    session.execute("UPDATE moving SET y = -5 * x + sin(x)")
    assert session.train("moving", None, "moving", "y")[3] == "deployed"
    errors = error_of(session, "moving")
    assert errors[first] < min(error for model, error in errors.items() if model != first)
    assert (
        session.train("moving", None, "moving", "y", "random_forest", '{"n_estimators": 1, "max_depth": 1}')[
            3
        ]
        == "not deployed"
    )


def test_another_split_of_the_same_snapshot_is_scored_again(session):
    """The deployed model was tested on its easiest rows; on the others it is the worse one."""
    session.execute(
        "CREATE TABLE bent AS SELECT i::float8 AS x, CASE WHEN i <= 50 THEN 0.0 ELSE (i - 50) ^ 2 END AS y FROM generate_series(1, 100) AS i"
    )
    session.train(
        "bent",
        "regression",
        "bent",
        "y",
        "random_forest",
        '{"n_estimators": 5, "max_depth": 1}',
        test_size=40,
        test_sampling="first",
    )
    first = deployed(session, "bent")
    assert session.train("bent", algorithm="random_forest", test_size=0.25)[3] == "deployed"
    errors = error_of(session, "bent")
    assert len(errors) == 2 and deployed(session, "bent") != first


def test_features_in_another_order_are_matched_by_name(session):
    session.execute("CREATE VIEW turned AS SELECT c, target, b, a FROM points")
    session.train("turned", "regression", "numbers", "target")
    poor = ("random_forest", '{"n_estimators": 1, "max_depth": 1}')
    assert session.train("turned", None, "turned", "target", *poor)[3] == "not deployed"


def test_added_features_leave_the_old_model_readable(session):
    session.execute("CREATE VIEW fewer AS SELECT a, target FROM points")
    session.train("wider", "regression", "fewer", "target")
    assert session.train("wider", None, "numbers", "target")[3] == "deployed"


def test_removed_features_keep_the_old_model_with_a_warning(session):
    session.execute("CREATE VIEW narrow AS SELECT a, target FROM points")
    session.train("narrower", "regression", "numbers", "target")
    session.notices.clear()
    assert session.train("narrower", None, "narrow", "target")[3] == "not deployed"
    assert any("lack features that it needs" in notice for notice in session.notices)
    session.execute("SELECT pgml.deploy('narrower', 'most_recent')")
    assert session.predict("narrower", [1]) is not None


def test_missing_values_that_the_old_model_does_not_take(session):
    session.execute("CREATE VIEW holes AS SELECT nullif(a, 3) AS a, b, c, target FROM points")
    session.train("holes", "regression", "numbers", "target")
    session.notices.clear()
    assert session.train("holes", None, "holes", "target", "xgboost")[3] == "not deployed"
    assert len(session.notices) == 1 and "NULL" in session.notices[0], session.notices


def test_values_that_the_old_model_does_not_take(session):
    """XGBoost computes with single precision."""
    session.execute("CREATE VIEW vast AS SELECT a * 1e39 AS a, b, c, target FROM points")
    session.train("vast", "regression", "numbers", "target", "xgboost", '{"n_estimators": 2}')
    session.notices.clear()
    assert session.train("vast", None, "vast", "target", "linear")[3] == "not deployed"
    assert len(session.notices) == 1 and "too large" in session.notices[0], session.notices


def test_a_deployed_model_of_another_algorithm_and_of_missing_values_is_scored(session):
    session.execute("CREATE VIEW gaps AS SELECT nullif(a, 3) AS a, b, c, target FROM points")
    session.train("gaps", "regression", "gaps", "target", "xgboost", '{"n_estimators": 1, "max_depth": 1}')
    assert session.train("gaps", None, "numbers", "target", "linear")[3] == "deployed"


def test_best_score_compares_on_the_same_rows(session):
    """The first model's stored error is the smaller one, of rows that were easy; on the newest rows it is far off."""
    session.execute(
        "CREATE OR REPLACE VIEW easy AS SELECT a, b, c, a + b AS target FROM points;"
        "CREATE OR REPLACE VIEW hard AS SELECT a, b, c, a * b + c * c + 10 * random() AS target FROM points"
    )
    session.train("rows", "regression", "easy", "target")
    session.train("rows", None, "hard", "target", "random_forest", '{"n_estimators": 20}')
    session.train("rows", None, None, None, "linear", test_size=0.5, deploy=False)
    old, forest, linear = sorted(error_of(session, "rows"))
    errors = error_of(session, "rows")
    assert errors[old] < errors[forest] and errors[old] < errors[linear]
    assert session.execute("SELECT algorithm_name FROM pgml.deploy('rows')") == [("random_forest",)]
    assert deployed(session, "rows") == forest


def test_best_score_leaves_out_what_cannot_read_the_newest_rows(session):
    session.execute("CREATE VIEW without_b AS SELECT a, c, target FROM points")
    session.train("narrower", "regression", "numbers", "target")
    session.train("narrower", None, "without_b", "target", deploy=False)
    newest_model = max(error_of(session, "narrower"))
    session.notices.clear()
    session.execute("SELECT pgml.deploy('narrower')")
    assert deployed(session, "narrower") == newest_model
    assert any("is left out: it cannot be scored" in notice for notice in session.notices)
