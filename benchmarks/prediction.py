"""``SELECT sum(pgml.predict(...))`` over a million rows, against a PL/Python function that returns a constant."""

from __future__ import annotations

from benchmarks.measure import best_of, table
from benchmarks.server import connect

ROWS = 1_000_000


def run(dsn: str) -> str:
    """Return the table of times, in one process and with a parallel plan."""
    cursor = connect(dsn).cursor()
    columns = [f"x{place}" for place in range(10)]
    values = ", ".join(f"random() AS {column}" for column in columns)
    cursor.execute(f"CREATE TABLE rows AS SELECT {values} FROM generate_series(1, {ROWS})")
    cursor.execute("VACUUM ANALYZE rows")
    cursor.execute("CREATE TABLE sample AS SELECT *, sin(9 * x0) + x1 * x2 + x3 AS target FROM rows LIMIT 20000")
    cursor.execute(
        "SELECT * FROM pgml.train('prediction', 'regression', 'sample', 'target', 'xgboost',"
        """ '{"n_estimators": 100, "max_depth": 6}')"""
    )
    cursor.execute(
        "CREATE FUNCTION constant(project_name text, features float8[]) RETURNS float8"
        " LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$ return 1.0 $$"
    )
    features = f"ARRAY[{', '.join(columns)}]"

    def query(function: str, workers: int) -> None:
        cursor.execute(f"SET max_parallel_workers_per_gather = {workers}")
        cursor.execute(f"SELECT sum({function}('prediction', {features})) FROM rows")

    constant, predict = best_of(3, lambda: query("constant", 0), lambda: query("pgml.predict", 0))
    constant_parallel, predict_parallel = best_of(
        3, lambda: query("constant", 2), lambda: query("pgml.predict", 2)
    )

    def row(what: str, taken: float, yardstick: float, limit: str = "") -> tuple[str, ...]:
        return what, f"{taken:.2f}", f"{1e6 * taken / ROWS:.2f}", f"{taken / yardstick:.2f}", limit

    return table(
        f"Prediction of {ROWS:,} rows, 100 trees of depth 6, 10 features",
        ("function", "seconds", "us a row", "ratio", "at most"),
        [
            row("PL/Python constant, one process", constant, constant),
            row("pgml.predict, one process", predict, constant, "4.00"),
            row("PL/Python constant, parallel plan", constant_parallel, constant),
            row("pgml.predict, parallel plan", predict_parallel, constant),
        ],
    )
