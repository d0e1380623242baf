"""Each built-in pair: what pgml adds to a fit, and its compiled predictions against the estimator's own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg2
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.measure import best_of, table
from benchmarks.server import connect
from pgml import predictors
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.objective import OBJECTIVES
from pgml.plugin.registry import BUILT_IN, find_plugins
from pgml.wire.sampling import choose_test_rows

ROWS = 1_000  # to train on: enough to matter, and not too many for a Gaussian process
FEATURES = 10
BATCH = 100_000
FOREST = {"n_estimators": 100, "min_samples_leaf": 1}  # on FOREST_ROWS rows: about 2.5 million nodes
FOREST_ROWS = 25_000


@dataclass
class Fitted:
    """An algorithm fitted on the rows that pgml.train fits it on, in this process, and compiled."""

    algorithm: Algorithm
    hyperparameters: dict[str, Any]
    X: np.ndarray
    y: np.ndarray

    def __post_init__(self) -> None:
        train = ~choose_test_rows(self.y, 0.25, OBJECTIVES[self.algorithm.objective].test_sampling)
        self.scaler = StandardScaler().fit(self.X[train]) if self.algorithm.scaled else None
        self.X_train, self.y_train = self.scaled(self.X[train]), self.y[train]
        self.estimator = self.fit()
        compiled = self.algorithm.compile(self.estimator)
        if self.scaler is not None:
            compiled = compiled.prepared(center=self.scaler.mean_, scale=self.scaler.scale_)
        self.evaluator = predictors.evaluator(compiled.to_bytes())

    def scaled(self, X: np.ndarray) -> np.ndarray:
        return X if self.scaler is None else self.scaler.transform(X)

    def fit(self) -> Any:
        return self.algorithm.fit(self.hyperparameters, self.X_train, self.y_train)

    def predictions(self, rows: np.ndarray, repeats: int) -> tuple[float, float]:
        """Return the times of the estimator and of the compiled model for the same rows, on one core."""
        given = self.scaled(rows)
        if len(rows) == 1:
            row = rows[0].tolist()
            compiled = lambda: self.evaluator.predict(row)  # noqa: E731
        else:
            compiled = lambda: self.evaluator.predict_batch(rows, len(rows))  # noqa: E731
        if "n_jobs" in self.estimator.get_params():
            self.estimator.set_params(n_jobs=1)
        with threadpool_limits(1):
            own, ours = best_of(repeats, lambda: self.estimator.predict(given), compiled)
        return own, ours


def data(objective: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features [rows, FEATURES] and a target that depends on some of them, with noise; three classes."""
    random = np.random.default_rng(7)
    X = random.normal(size=(rows, FEATURES))
    y = 3 * X[:, 0] + np.sin(3 * X[:, 1]) + X[:, 2] * X[:, 3] + 0.1 * random.normal(size=rows)
    return X, y if objective == "regression" else np.digitize(y, [-1.5, 1.5])


def run(dsn: str) -> str:
    """Return the table of all pairs, and that of a large forest."""
    warnings.simplefilter("ignore")
    connection = connect(dsn)
    for objective in ("regression", "classification"):
        _store(connection, objective, *data(objective, ROWS))
    header = ("algorithm", "fit ms", "pgml adds ms", "at most", "one row us", "ratio", "batch ms", "ratio", "at most")
    rows = [_row(connection, algorithm) for algorithm in _built_in()]
    title = f"Training on {ROWS:,} rows, predicting one row and {BATCH:,} (times of the compiled model; ratios to the estimator's)"
    return table(title, header, rows) + _large_forest()


def _built_in() -> Iterator[Algorithm]:
    for _, provided in sorted(find_plugins().algorithms.items()):
        if provided.plugin.name == BUILT_IN:
            yield provided.algorithm


def _store(
    connection: psycopg2.extensions.connection, objective: str, X: np.ndarray, y: np.ndarray
) -> None:
    cursor = connection.cursor()
    columns = ", ".join(f"x{place} float8" for place in range(FEATURES))
    kind = "float8" if objective == "regression" else "integer"
    cursor.execute(f"CREATE TABLE {objective} ({columns}, target {kind})")
    for values, target in zip(X.tolist(), y.tolist(), strict=True):
        cursor.execute(f"INSERT INTO {objective} VALUES ({', '.join(['%s'] * (FEATURES + 1))})", (*values, target))
    cursor.execute(f"SELECT * FROM pgml.train('{objective}', '{objective}', '{objective}', 'target')")


def _row(connection: psycopg2.extensions.connection, algorithm: Algorithm) -> tuple[str, ...]:
    fitted = Fitted(algorithm, algorithm.check({}), *data(algorithm.objective, ROWS))
    cursor = connection.cursor()
    train = f"SELECT * FROM pgml.train('{algorithm.objective}', algorithm => '{algorithm.name}')"
    fit, trained = best_of(5, fitted.fit, lambda: cursor.execute(train), enough=5)
    one_own, one = fitted.predictions(data(algorithm.objective, 1)[0], 200)
    batch_own, batch = fitted.predictions(data(algorithm.objective, BATCH)[0], 3)
    limit = 0.7 if fitted.evaluator.family == "forest" and algorithm.name != "xgboost" else 1.25
    return (
        f"{algorithm.name}, {algorithm.objective}",
        f"{1e3 * fit:.1f}",
        f"{1e3 * (trained - fit):.0f}",
        f"{50 + 0.05 * 1e3 * fit:.0f}",
        f"{1e6 * one:.1f}",
        f"{one / one_own:.4f}",
        f"{1e3 * batch:.1f}",
        f"{batch / batch_own:.2f}",
        f"{limit:.2f}",
    )


def _large_forest() -> str:
    algorithm = find_plugins().find("random_forest", "regression").algorithm
    fitted = Fitted(algorithm, algorithm.check(FOREST), *data("regression", FOREST_ROWS))
    nodes = sum(tree.tree_.node_count for tree in fitted.estimator.estimators_)
    own, ours = fitted.predictions(data("regression", BATCH)[0], 3)
    return table(
        f"A forest of {nodes:,} nodes, {BATCH:,} rows, one core",
        ("way", "seconds", "ratio", "at most"),
        [("scikit-learn", f"{own:.2f}", "1.00", ""), ("compiled", f"{ours:.2f}", f"{ours / own:.2f}", "0.70")],
    )
