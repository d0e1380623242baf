"""Many rows in one query: pgml.predict against a bare array, the estimator in memory, and itself in two processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from benchmarks.fast_door.notebook import Notebook
from benchmarks.fast_door.report import Report, figure
from benchmarks.fast_door.scale import Bench
from benchmarks.measure import medians, seconds
from benchmarks.server import connect

LINEAR = "linear regression, 10 features"
TREES = "100 boosted trees of depth 6"
CHART_TREES = "100 boosted trees of depth 6, 10 features"


def count(bench: Bench, expression: str, table: str, processes: int = 1) -> float:
    """Return the seconds of a query that computes the expression for all rows, in so many processes."""
    bench.cursor.execute(f"SET max_parallel_workers_per_gather = {processes - 1}")
    return seconds(lambda: bench.cursor.execute(f"SELECT count({expression}) FROM {table}"))


def measure(bench: Bench, report: Report) -> None:
    """Measure linear, boosting, boosting in two processes, and a large forest."""
    rows = bench.scale.rows
    linear, boosting, forest = (bench.models[name] for name in ("linear", "boosting", "large_forest"))
    bare = f"({linear.array})[1]"
    plain, predicted = medians(
        bench.scale.rounds,
        lambda: count(bench, bare, "synthetic"),
        lambda: count(bench, linear.call, "synthetic"),
    )
    report.add(
        f"{rows:,} rows in a query, {LINEAR}, one process",
        "a bare SELECT of the array",
        predicted / plain,
        "of its time",
        f"{_each(predicted, rows)} and {_each(plain, rows)}",
        most=1.5,
    )
    report.rate(LINEAR, "bare SELECT of the array", rows / plain)
    report.rate(LINEAR, "pgml.predict, one process", rows / predicted)
    with Notebook(bench) as notebook:
        plain, own, predicted = medians(
            bench.scale.rounds,
            lambda: count(bench, bare, "synthetic"),
            lambda: notebook.ask("predict", boosting, "synthetic"),
            lambda: count(bench, boosting.call, "synthetic"),
        )
        report.add(
            f"{rows:,} rows in a query, {TREES}, one process",
            "XGBoost on the matrix in memory, one core, and that SELECT",
            predicted / (own + plain),
            "of their time",
            f"{_each(predicted, rows)}; {_each(own, rows)} and {_each(plain, rows)}",
            most=1.2,
        )
        _parallel(bench, report)
        nodes = sum(tree.tree_.node_count for tree in forest.estimator.estimators_)
        rows = bench.scale.forest_rows
        own, predicted = medians(
            bench.scale.rounds,
            lambda: notebook.ask("predict", forest, "forest_rows"),
            lambda: count(bench, forest.call, "forest_rows"),
        )
        report.add(
            f"{rows:,} rows in a query, a random forest of {nodes / 1e6:.1f} million nodes, one process",
            "scikit-learn on the matrix in memory, one core",
            predicted / own,
            "of its time",
            f"{_each(predicted, rows)} and {_each(own, rows)}",
            most=1,
        )


def _parallel(bench: Bench, report: Report) -> None:
    """Measure two processes, and what two sessions that know nothing of one another get out of the machine at once."""
    rows, boosting = bench.scale.rows, bench.models["boosting"]
    other = connect(bench.dsn)
    other.cursor().execute("SET max_parallel_workers_per_gather = 0")
    with ThreadPoolExecutor(1) as threads:

        def both() -> float:
            def query() -> None:
                other.cursor().execute(f"SELECT count({boosting.call}) FROM synthetic")

            def all_of() -> None:
                running = threads.submit(query)
                count(bench, boosting.call, "synthetic")
                running.result()

            return seconds(all_of)

        one, two, at_once = medians(
            bench.scale.rounds,
            lambda: count(bench, boosting.call, "synthetic"),
            lambda: count(bench, boosting.call, "synthetic", processes=2),
            both,
        )
    other.close()
    bench.cursor.execute("SET max_parallel_workers_per_gather = 1")
    bench.cursor.execute(f"EXPLAIN SELECT count({boosting.call}) FROM synthetic")
    if not any("Gather" in line for (line,) in bench.cursor.fetchall()):
        raise SystemExit("PostgreSQL plans no second process for pgml.predict")
    report.add(
        f"{rows:,} rows in a query, {TREES}, two processes",
        "one process",
        one / two,
        "times its speed",
        f"{_each(two, rows)} and {_each(one, rows)}; two sessions at once, {figure(2 * one / at_once)} times",
        least=1.8,
    )


def _each(taken: float, rows: int) -> str:
    return f"{figure(1e6 * taken / rows)} us a row"
