"""A whole relation scored into a table, in the database and by way of pandas."""

from __future__ import annotations

from benchmarks.fast_door.notebook import Notebook
from benchmarks.fast_door.queries import CHART_TREES, TREES
from benchmarks.fast_door.report import Report, figure
from benchmarks.fast_door.scale import Bench
from benchmarks.measure import medians, seconds


def measure(bench: Bench, report: Report) -> None:
    """Measure the flights, many times over."""
    rows, model, cursor = bench.scale.rows, bench.models["boosting_flights"], bench.cursor

    def create(expression: str, processes: int) -> float:
        cursor.execute(f"SET max_parallel_workers_per_gather = {processes - 1}")
        cursor.execute("DROP TABLE IF EXISTS scores")
        statement = f"CREATE TABLE scores AS SELECT id, {expression} AS score FROM many_flights"
        return seconds(lambda: cursor.execute(statement))

    with Notebook(bench) as notebook:
        own, plain, scored, parallel, copied, inserted = medians(
            bench.scale.rounds,
            lambda: notebook.ask("predict", model, "many_flights"),
            lambda: create(model.features[0], 1),
            lambda: create(model.call, 1),
            lambda: create(model.call, 2),
            lambda: notebook.ask("copy", model, "many_flights"),
            lambda: notebook.ask("to_sql", model, "many_flights"),
        )
    what = f"{rows:,} flights scored into a table, {TREES}"
    took = f"{figure(scored)} s"
    report.add(
        f"{what}, one process",
        "XGBoost on the matrix in memory, one core, and CREATE TABLE AS of keys and numbers",
        scored / (own + plain),
        "of their time",
        f"{took}; {figure(own)} and {figure(plain)} s",
        most=1,
    )
    for action, taken in (("COPY", copied), ("to_sql", inserted)):
        report.add(
            f"{what}, one process",
            f"pandas.read_sql, predict and {action}",
            taken / scored,
            "times its speed",
            f"{took} and {figure(taken)} s",
        )
    for way, taken in (
        ("XGBoost, matrix in memory, one core", own),
        ("pgml.predict into a table, two processes", parallel),
        ("pgml.predict into a table, one process", scored),
        ("pandas.read_sql, predict, COPY", copied),
        ("pandas.read_sql, predict, to_sql", inserted),
    ):
        report.rate(CHART_TREES, way, rows / taken)
