"""XGBoost's boosters, compiled: margins bit by bit, transformed values to the library's own float32 rounding."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from agreement import answers, assert_agreement, evaluators

from pgml.predictors import NotCompilable
from pgml.predictors.convert import boosters

FLOAT32 = 4e-7  # two units in the last place; the library's exp is not correctly rounded either
BOOSTERS = [
    {"booster": "gbtree", "max_depth": 4},
    {"booster": "dart", "rate_drop": 0.5, "max_depth": 3},
    {"booster": "gblinear"},
    {"num_parallel_tree": 3, "subsample": 0.5, "max_depth": 3},
]


def holes(rows: np.ndarray) -> np.ndarray:
    return np.where(np.random.default_rng(2).random(rows.shape) < 0.15, np.nan, rows)


def compare(fitted, rows: np.ndarray, rtol: float = FLOAT32) -> None:
    assert_agreement(boosters.xgboost(fitted), fitted, rows, rtol=rtol)


@pytest.mark.parametrize("settings", BOOSTERS, ids=str)
@pytest.mark.parametrize("missing", [False, True])
def test_regression(settings, missing, data):
    rows = holes(data.rows) if missing else data.rows
    fitted = xgboost.XGBRegressor(n_estimators=12, n_jobs=1, **settings).fit(rows, data.number)
    compare(fitted, rows, rtol=0)


@pytest.mark.parametrize("settings", [{"tree_method": "exact"}, {"grow_policy": "lossguide", "max_leaves": 9}], ids=str)
def test_trees_that_were_pruned(settings, data):
    fitted = xgboost.XGBRegressor(n_estimators=12, gamma=3.0, n_jobs=1, **settings).fit(data.rows, data.number)
    compare(fitted, holes(data.rows), rtol=0)


@pytest.mark.parametrize("settings", BOOSTERS, ids=str)
@pytest.mark.parametrize(
    "objective", ["count:poisson", "reg:gamma", "reg:tweedie", "reg:logistic", "reg:squaredlogerror"]
)
def test_links(settings, objective, data):
    target = data.positive / (data.positive.max() * 1.1)
    fitted = xgboost.XGBRegressor(n_estimators=8, objective=objective, n_jobs=1, **settings).fit(data.rows, target)
    compare(fitted, data.rows)


@pytest.mark.parametrize("settings", BOOSTERS, ids=str)
@pytest.mark.parametrize("kind", ["two", "three"])
def test_classification(settings, kind, data):
    labels = np.unique(data.target(kind), return_inverse=True)[1]
    fitted = xgboost.XGBClassifier(n_estimators=8, n_jobs=1, **settings).fit(data.rows, labels)
    compare(fitted, data.rows)


def test_values_at_the_thresholds_and_at_the_edge_of_float32(data):
    fitted = xgboost.XGBRegressor(n_estimators=12, n_jobs=1).fit(np.round(data.rows, 1), data.number)
    rows = np.round(data.rows, 1)
    beside = np.concatenate([rows, np.nextafter(rows, np.inf), np.nextafter(rows, -np.inf)])
    singles = rows.astype(np.float32)
    beside = np.concatenate([beside, np.nextafter(singles, np.float32(np.inf)).astype(float)])
    odd = np.array([[0.0, -0.0, 5e-324, -1e-45, 1e-40], [3e38, -3e38, 1e-310, 1e30, -1e-40]])
    compare(fitted, np.concatenate([beside, odd]), rtol=0)


def test_early_stopping_keeps_the_best_rounds(data):
    fitted = xgboost.XGBRegressor(n_estimators=60, early_stopping_rounds=3, learning_rate=0.9, n_jobs=1)
    fitted.fit(data.rows[:100], data.number[:100], eval_set=[(data.rows[100:], data.number[100:])], verbose=False)
    assert fitted.best_iteration + 1 < fitted.get_booster().num_boosted_rounds()
    compare(fitted, data.rows, rtol=0)


def test_a_booster_without_its_estimator(data):
    labels = np.unique(data.three, return_inverse=True)[1]
    matrix = xgboost.DMatrix(data.rows, labels)
    for booster in ("gbtree", "dart"):
        settings = {"objective": "multi:softprob", "num_class": 3, "booster": booster, "rate_drop": 0.3}
        trained = xgboost.train(settings, matrix, num_boost_round=5)
        expected = trained.predict(matrix)
        for evaluator in evaluators(boosters.xgboost(trained, classes=[0, 10, 20])):
            values, probabilities = answers(evaluator, data.rows)
            np.testing.assert_allclose(probabilities, expected, rtol=FLOAT32)
            np.testing.assert_array_equal(values, expected.argmax(axis=1) * 10)


def test_what_cannot_be_compiled_is_refused(data):
    with pytest.raises(NotCompilable, match="rank"):
        trained = xgboost.train({"objective": "rank:pairwise"}, xgboost.DMatrix(data.rows, data.two - 3), 2)
        boosters.xgboost(trained)
    with pytest.raises(NotCompilable, match="targets"):
        targets = np.column_stack([data.number, data.positive])
        boosters.xgboost(xgboost.XGBRegressor(n_estimators=2).fit(data.rows, targets))
