"""A new connection's first prediction, beyond what a new connection and SELECT 1 take."""

from __future__ import annotations

from benchmarks.fast_door.report import Report, figure
from benchmarks.fast_door.scale import Bench
from benchmarks.first_prediction import session
from benchmarks.measure import medians, seconds


def measure(bench: Bench, report: Report) -> None:
    """Measure over the Unix socket."""
    predict = f"SELECT pgml.predict('boosting_flights', ARRAY[{', '.join(['12'] * 10)}])"
    nothing, first = medians(
        bench.scale.connections,
        lambda: 1e3 * seconds(lambda: session(bench.dsn, "SELECT 1")),
        lambda: 1e3 * seconds(lambda: session(bench.dsn, predict)),
    )
    report.add(
        "first prediction of a new connection",
        "`SELECT 1` in a new connection",
        first - nothing,
        "ms more",
        f"{figure(first)} and {figure(nothing)} ms, medians of {bench.scale.connections} connections",
        most=3 if bench.language == "c" else 15,
    )
