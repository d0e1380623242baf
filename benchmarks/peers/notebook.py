"""``python -m benchmarks.peers.notebook DSN``: rows scored outside of the database, as a script or a notebook does it.

Reads lines of ACTION MODEL TABLE, does each, and answers with the seconds that it took. MODEL is the file of a pickled
estimator; TABLE has a column ``id``, and the features.
"""

from __future__ import annotations

import functools
import io
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from psycopg2.extensions import parse_dsn
from sqlalchemy import create_engine


@functools.cache
def estimator(model: str) -> Any:
    return pickle.loads(Path(model).read_bytes())  # noqa: S301 - made by the measurement itself


@functools.cache
def matrix(table: str) -> np.ndarray:
    return pd.read_sql(f"SELECT * FROM {table}", engine).drop(columns="id").to_numpy()


def predict(model: str, table: str) -> float:
    """Predict a matrix that is in memory already."""
    X, fitted = matrix(table), estimator(model)
    started = time.perf_counter()
    fitted.predict(X)
    return time.perf_counter() - started


def copy(model: str, table: str) -> float:
    """Read the table, predict, and write keys and scores back through COPY."""
    fitted = estimator(model)
    started = time.perf_counter()
    scores = _scored(fitted, table)
    text = io.StringIO()
    scores.to_csv(text, index=False, header=False)
    text.seek(0)
    connection = engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute("DROP TABLE IF EXISTS copied_scores")
    cursor.execute("CREATE TABLE copied_scores (id integer, score float8)")
    cursor.copy_expert("COPY copied_scores FROM STDIN (FORMAT csv)", text)
    connection.commit()
    connection.close()
    return time.perf_counter() - started


def to_sql(model: str, table: str) -> float:
    """Read the table, predict, and write keys and scores back through ``DataFrame.to_sql``."""
    fitted = estimator(model)
    started = time.perf_counter()
    _scored(fitted, table).to_sql("inserted_scores", engine, if_exists="replace", index=False)
    return time.perf_counter() - started


def _scored(fitted: Any, table: str) -> pd.DataFrame:
    frame = pd.read_sql(f"SELECT * FROM {table}", engine)
    return pd.DataFrame({"id": frame["id"], "score": fitted.predict(frame.drop(columns="id").to_numpy())})


ACTIONS = {"predict": predict, "copy": copy, "to_sql": to_sql}

if __name__ == "__main__":
    engine = create_engine("postgresql+psycopg2://", connect_args=parse_dsn(sys.argv[1]))
    for line in sys.stdin:
        action, *arguments = line.split()
        print(ACTIONS[action](*arguments), flush=True)
