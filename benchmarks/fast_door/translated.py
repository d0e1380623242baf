"""A linear model as SQL: pgml's export, orbital's, and the sum written by hand."""

from __future__ import annotations

import math
import subprocess
from functools import partial

from benchmarks.environment import PYTHON, ROOT
from benchmarks.fast_door.models import Model
from benchmarks.fast_door.queries import LINEAR, count
from benchmarks.fast_door.report import Report, figure
from benchmarks.fast_door.scale import Bench
from benchmarks.measure import medians

PREDICT, BY_HAND, EXPORTED, ORBITAL = (
    "pgml.predict",
    "the sum written by hand",
    "pgml.export_sql",
    "orbital's SQL",
)


def measure(bench: Bench, report: Report) -> None:
    """Measure what there is; the rest becomes a line that says why it was left out."""
    rows, model = bench.scale.rows, bench.models["linear"]
    ways = {PREDICT: (model.call, "synthetic"), BY_HAND: (_sum(model), "synthetic")}
    bench.cursor.execute("SELECT to_regprocedure('pgml.export_sql(text, text)') IS NOT NULL")
    if bench.cursor.fetchone()[0]:
        bench.cursor.execute("SELECT pgml.export_sql('linear', 'exported_linear')")
        bench.cursor.execute(bench.cursor.fetchone()[0])  # the statements that create the function
        ways[EXPORTED] = (f"exported_linear({', '.join(model.features)})", "synthetic")
    orbital = _orbital(model)
    if orbital.returncode == 0:
        ways[ORBITAL] = ("prediction", f"({orbital.stdout}) AS translated(prediction)")
    _check_alike(bench, ways)
    taken = medians(bench.scale.rounds, *(partial(count, bench, *way) for way in ways.values()))
    times = dict(zip(ways, taken, strict=True))
    for way in (BY_HAND, EXPORTED, ORBITAL):
        if way in times:
            report.rate(LINEAR, way, rows / times[way])
    what = f"{rows:,} rows in a query, {LINEAR}, one process"
    if EXPORTED in times:
        exported, by_hand = times[EXPORTED], times[BY_HAND]
        figures = f"{figure(exported)} and {figure(by_hand)} s"
        report.add(f"{what}, {EXPORTED}", BY_HAND, exported / by_hand, "of its time", figures, most=1.5)
    else:
        report.add(
            f"{what}, {EXPORTED}", BY_HAND, None, "", "left out: this server has no pgml.export_sql", most=1.5
        )
    if ORBITAL in times:
        predicted, translated = times[PREDICT], times[ORBITAL]
        figures = f"{figure(predicted)} and {figure(translated)} s"
        report.add(what, ORBITAL, translated / predicted, "times its speed", figures)
    else:
        report.add(what, ORBITAL, None, "", f"left out: {orbital.stderr.strip().splitlines()[-1]}")


def _sum(model: Model) -> str:
    """Return the model as a person would write it down, the scaling multiplied out."""
    scaler, linear = (step for _, step in model.estimator.steps)
    weights = linear.coef_ / scaler.scale_
    constant = float(linear.intercept_ - weights @ scaler.mean_)
    terms = (f"{float(weight)!r} * {name}" for weight, name in zip(weights, model.features, strict=True))
    return " + ".join([repr(constant), *terms])


def _orbital(model: Model) -> subprocess.CompletedProcess[str]:
    command = [PYTHON, "-m", "benchmarks.peers.orbital_sql", model.file, "synthetic", *model.features]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def _check_alike(bench: Bench, ways: dict[str, tuple[str, str]]) -> None:
    """Stop where one way computes something else than the others."""
    averages = {}
    for way, (expression, table) in ways.items():
        bench.cursor.execute(f"SELECT avg({expression}) FROM {table}")
        [averages[way]] = bench.cursor.fetchone()
    for way, average in averages.items():
        if not math.isclose(average, averages[PREDICT], rel_tol=1e-9):
            raise SystemExit(f"{way} answers {average!r} on average, and pgml.predict {averages[PREDICT]!r}")
