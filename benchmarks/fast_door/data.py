"""The tables: numbers that mean nothing, and the flights that left New York in 2013."""

from __future__ import annotations

import subprocess
from itertools import pairwise

from benchmarks.environment import PYTHON, ROOT
from benchmarks.fast_door.scale import Bench

SYNTHETIC = [f"f{place}" for place in range(10)]
FLIGHTS = ["month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "flight"]
FLIGHTS += ["air_time", "distance"]


def create(bench: Bench) -> None:
    """Create ``synthetic`` and ``many_flights`` (id, features) to score, and the samples to train on."""
    cursor, scale = bench.cursor, bench.scale
    cursor.execute("SELECT setseed(0.5)")
    _synthetic(bench, "synthetic", scale.rows)
    _synthetic(bench, "forest_rows", scale.forest_rows)
    cursor.execute(
        "CREATE TABLE synthetic_sample AS SELECT f0, f1, f2, f3, f4, f5, f6, f7, f8, f9,"
        " 3 * f0 + sin(9 * f1) + f2 * f3 + 0.1 * random() AS target"
        f" FROM synthetic ORDER BY id LIMIT {scale.training_rows}"
    )
    cursor.execute(
        "CREATE TABLE flights (" + ", ".join(f"{name} float8" for name in [*FLIGHTS, "arr_delay"]) + ")"
    )
    peer = subprocess.Popen([PYTHON, "-m", "benchmarks.peers.flights"], cwd=ROOT, stdout=subprocess.PIPE)
    with peer:
        cursor.copy_expert("COPY flights FROM STDIN (FORMAT csv, HEADER)", peer.stdout)
    if peer.returncode != 0:
        raise SystemExit("the flights could not be read, see above")
    # Every flight comes up to four times, never quite the same.
    noisy = ", ".join(f"{name} + random() - 0.5 AS {name}" for name in FLIGHTS)
    cursor.execute(
        f"CREATE TABLE many_flights AS SELECT (row_number() OVER ())::integer AS id, {noisy}"
        f" FROM generate_series(1, 4), flights LIMIT {scale.rows}"
    )
    for size, name in ((scale.training_rows, "flights_sample"), (1_000, "few_flights")):
        cursor.execute(f"CREATE TABLE {name} AS SELECT * FROM flights ORDER BY random() LIMIT {size}")
    cursor.execute("VACUUM ANALYZE")


def ranges(bench: Bench) -> list[tuple[int, int]]:
    """Return the lowest and the highest value of each feature of the flights, all of them whole numbers."""
    both = ", ".join(f"min({name})::integer, max({name})::integer" for name in FLIGHTS)
    bench.cursor.execute(f"SELECT {both} FROM flights")
    bounds = bench.cursor.fetchone()
    return [pair for place, pair in enumerate(pairwise(bounds)) if place % 2 == 0]


def _synthetic(bench: Bench, name: str, rows: int) -> None:
    features = ", ".join(f"random() AS {feature}" for feature in SYNTHETIC)
    bench.cursor.execute(
        f"CREATE TABLE {name} AS SELECT id, {features} FROM generate_series(1, {rows}) AS id"
    )
