"""One row a statement: pgbench with pgml.predict and with a bare SELECT, and an HTTP client with FastAPI."""

from __future__ import annotations

from functools import partial

from benchmarks.fast_door.data import ranges
from benchmarks.fast_door.load import Pgbench, Service
from benchmarks.fast_door.queries import CHART_TREES, TREES
from benchmarks.fast_door.report import Report, figure
from benchmarks.fast_door.scale import Bench
from benchmarks.measure import medians

LIMITS = {1: (0.9, 8), 10: (0.8, 40)}  # clients: share of the bare SELECT's rate, times that of the service
BARE, SERVICE = "a bare SELECT of its first feature", "FastAPI around the estimator"


def measure(bench: Bench, report: Report) -> None:
    """Measure a linear model, whose own work is next to nothing, with each number of clients; then the trees."""
    bounds, scale = ranges(bench), bench.scale
    bare = Pgbench(bench, "bare", "SELECT ({array})[1]", bounds)
    predict = Pgbench(bench, "linear", "SELECT pgml.predict('linear_flights', {array})", bounds)
    rates = {}
    with Service(bench.models["linear_flights"], bounds) as service:
        for clients in scale.clients:
            ways = [partial(way.rate, clients, scale.seconds) for way in (predict, bare, service)]
            rates[clients] = medians(scale.rounds, *ways)
    for place, way in enumerate(("pgml.predict", "bare SELECT", "FastAPI")):
        report.clients[way] = {clients: found[place] for clients, found in rates.items()}
    for clients, (share, _) in LIMITS.items():
        ours, whole, _ = rates[clients]
        report.add(_what(clients), BARE, ours / whole, "of its rate", _figures(ours, whole), least=share)
    for clients in LIMITS:
        ways = [partial(way.rate, clients, scale.seconds, "simple") for way in (predict, bare)]
        ours, whole = medians(scale.rounds, *ways)
        report.add(
            f"{_what(clients)}, not prepared", BARE, ours / whole, "of its rate", _figures(ours, whole)
        )
    for clients, (_, least) in LIMITS.items():
        ours, _, theirs = rates[clients]
        report.add(
            _what(clients), SERVICE, ours / theirs, "times its rate", _figures(ours, theirs), least=least
        )
    _trees(bench, report, bounds)


def _trees(bench: Bench, report: Report, bounds: list[tuple[int, int]]) -> None:
    predict = Pgbench(bench, "boosting", "SELECT pgml.predict('boosting_flights', {array})", bounds)
    with Service(bench.models["boosting_flights"], bounds) as service:
        for clients in LIMITS:
            ways = [partial(way.rate, clients, bench.scale.seconds) for way in (predict, service)]
            ours, theirs = medians(bench.scale.rounds, *ways)
            report.add(
                _what(clients, TREES), SERVICE, ours / theirs, "times its rate", _figures(ours, theirs)
            )
    report.rate(CHART_TREES, f"pgml.predict, one row a statement, {clients} clients", ours)
    report.rate(CHART_TREES, f"FastAPI, one row a request, {clients} clients", theirs)


def _what(clients: int, model: str = "linear regression") -> str:
    return f"one row a statement, {model}, {clients} client{'s' if clients > 1 else ''}"


def _figures(one: float, other: float) -> str:
    return f"{figure(one)} and {figure(other)} a second"
