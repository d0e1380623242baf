"""PL/Python written by hand around a pickled estimator, row by row."""

from __future__ import annotations

from benchmarks.environment import SITE
from benchmarks.fast_door.queries import CHART_TREES, TREES, count
from benchmarks.fast_door.report import Report, figure
from benchmarks.fast_door.scale import Bench
from benchmarks.measure import medians

# As people write it: the estimator from a table, kept for the session.
_BY_HAND = f"""
CREATE FUNCTION by_hand(name text, features float8[]) RETURNS float8 LANGUAGE plpython3u STABLE AS $$
if "numpy" not in GD:
    import sys
    sys.path.append("{SITE}")
    import numpy
    GD["numpy"] = numpy
if name not in GD:
    import pickle
    plan = plpy.prepare("SELECT model FROM pickles WHERE name = $1", ["text"])
    GD[name] = pickle.loads(plpy.execute(plan, [name])[0]["model"])
return float(GD[name].predict(GD["numpy"].array([features]))[0])
$$
"""


def measure(bench: Bench, report: Report) -> None:
    """Measure boosting and a forest of 100 trees."""
    bench.cursor.execute(_BY_HAND)
    few = bench.scale.few_rows
    forest = "a random forest of 100 trees, fitted on 750 rows"
    _against(bench, report, "boosting_flights", TREES, few, 50)
    _against(bench, report, "forest_flights", forest, few // 10, 1000)


def _against(bench: Bench, report: Report, project: str, what: str, few: int, least: float) -> None:
    model, many = bench.models[project], bench.scale.forest_rows
    subset = "(SELECT * FROM many_flights LIMIT {}) AS subset"
    written = f"by_hand('{project}', {model.array})"
    hand, ours = medians(
        bench.scale.rounds,
        lambda: count(bench, written, subset.format(few)) / few,
        lambda: count(bench, model.call, subset.format(many)) / many,
    )
    report.add(
        f"a row in a query, {what}",
        "PL/Python with the pickled estimator",
        hand / ours,
        "times its speed",
        f"{figure(1e6 * ours)} and {figure(1e6 * hand)} us a row",
        least=least,
    )
    if project == "boosting_flights":
        report.rate(CHART_TREES, "PL/Python with the pickled estimator", 1 / hand)
