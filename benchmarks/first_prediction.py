"""A new connection's first prediction, against a new connection that runs ``SELECT 1``."""

from __future__ import annotations

from benchmarks.measure import best_of, table
from benchmarks.server import connect


def session(dsn: str, statement: str) -> None:
    """Connect, run one statement, and leave."""
    connection = connect(dsn)
    connection.cursor().execute(statement)
    connection.close()


def run(dsn: str) -> str:
    """Return the table of times."""
    cursor = connect(dsn).cursor()
    values = ", ".join(f"random() AS x{place}" for place in range(10))
    cursor.execute(f"CREATE TABLE first AS SELECT {values}, random() AS target FROM generate_series(1, 20000)")
    cursor.execute(
        "SELECT * FROM pgml.train('first', 'regression', 'first', 'target', 'xgboost',"
        """ '{"n_estimators": 100, "max_depth": 6}')"""
    )
    features = ", ".join(["0.5"] * 10)
    nothing, prediction = best_of(
        20,
        lambda: session(dsn, "SELECT 1"),
        lambda: session(dsn, f"SELECT pgml.predict('first', ARRAY[{features}])"),
    )
    return table(
        "A new connection, from connecting to its first answer",
        ("statement", "ms", "beyond SELECT 1", "at most"),
        [
            ("SELECT 1", f"{1e3 * nothing:.1f}", "", ""),
            ("SELECT pgml.predict(...)", f"{1e3 * prediction:.1f}", f"{1e3 * (prediction - nothing):.1f}", "25.0"),
        ],
    )
