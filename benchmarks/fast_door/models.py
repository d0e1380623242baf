"""The models: each trained by pgml, and fitted once more on the same rows for those that pgml is measured against."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline

from benchmarks.algorithms import Fitted
from benchmarks.fast_door.data import FLIGHTS, SYNTHETIC
from benchmarks.fast_door.scale import Bench
from pgml.plugin.registry import find_plugins

BOOSTING = {"n_estimators": 100, "max_depth": 6}
FOREST = {"n_estimators": 100}


@dataclass(frozen=True)
class Model:
    """A project, and the estimator that answers as it does: what takes raw features, pickled in ``file``."""

    project: str
    features: Sequence[str]
    estimator: Any
    file: Path

    @property
    def array(self) -> str:
        """The features as SQL has them."""
        return f"ARRAY[{', '.join(self.features)}]"

    @property
    def call(self) -> str:
        """The prediction as SQL has it."""
        return f"pgml.predict('{self.project}', {self.array})"


def train_all(bench: Bench) -> None:
    """Train all the models; their pickles are in the table ``pickles`` too."""
    bench.cursor.execute("CREATE TABLE pickles (name text PRIMARY KEY, model bytea)")
    _train(bench, "linear", "synthetic_sample", SYNTHETIC, "linear", {})
    _train(bench, "boosting", "synthetic_sample", SYNTHETIC, "xgboost", BOOSTING)
    _train(bench, "large_forest", "synthetic_sample", SYNTHETIC, "random_forest", FOREST)
    _train(bench, "linear_flights", "flights_sample", FLIGHTS, "linear", {})
    _train(bench, "boosting_flights", "flights_sample", FLIGHTS, "xgboost", BOOSTING)
    _train(bench, "forest_flights", "few_flights", FLIGHTS, "random_forest", FOREST)


def _train(
    bench: Bench,
    project: str,
    table: str,
    features: Sequence[str],
    name: str,
    hyperparameters: dict[str, Any],
) -> None:
    cursor = bench.cursor
    cursor.execute(f"SELECT * FROM {table}")
    rows = np.array(cursor.fetchall(), dtype=float)
    target = cursor.description[-1].name
    cursor.execute(
        "SELECT * FROM pgml.train(%s, 'regression', %s, %s, %s, %s)",
        (project, table, target, name, json.dumps(hyperparameters)),
    )
    algorithm = find_plugins().find(name, "regression").algorithm
    fitted = Fitted(algorithm, algorithm.check(hyperparameters), rows[:, :-1], rows[:, -1])
    estimator = fitted.estimator
    if "n_jobs" in estimator.get_params():
        estimator.set_params(n_jobs=1)
    if fitted.scaler is not None:
        estimator = make_pipeline(fitted.scaler, estimator)
    model = Model(project, features, estimator, bench.folder / f"{project}.pickle")
    _check_alike(bench, model, table)
    model.file.write_bytes(pickle.dumps(estimator))
    cursor.execute("INSERT INTO pickles VALUES (%s, %s)", (project, model.file.read_bytes()))
    bench.models[project] = model


def _check_alike(bench: Bench, model: Model, table: str) -> None:
    """Stop where the two sides would not be the same model."""
    bench.cursor.execute(f"SELECT {model.call}, {', '.join(model.features)} FROM {table} LIMIT 200")
    rows = np.array(bench.cursor.fetchall(), dtype=float)
    own = model.estimator.predict(rows[:, 1:])
    if not np.allclose(rows[:, 0], own, rtol=1e-5, atol=1e-5):
        difference = np.abs(rows[:, 0] - own).max()
        raise SystemExit(f"{model.project}: pgml.predict and the estimator differ by up to {difference:g}")
