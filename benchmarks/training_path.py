"""From a table to the matrix that an estimator is fitted on: pgml's way against ``pandas.read_sql``."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

from benchmarks.measure import best_of, table
from benchmarks.server import connect

ROWS = 1_000_000
COLUMNS = 10

# What pgml.train does before the fit: snapshot, transfer; the last question is answered when all has arrived.
_TRANSFER = """
CREATE FUNCTION benchmark_transfer() RETURNS void LANGUAGE plpython3u SET search_path = pg_catalog, pg_temp AS $$
from pgml.backend import relation
from pgml.backend.engine import Engine
from pgml.backend.session import Session
from pgml.backend.store import Snapshot, Store

session = Session(plpy)
session.path = "public"
store = Store(session)
if "engine" not in SD:
    SD["engine"] = Engine(session.breathe, session.warn)
engine = SD["engine"]
source = relation.find(session, "million")
attributes = relation.attributes(session, source.oid)
table = Snapshot(0, source.name, "target", 0).table
attributes = [relation.row_number(attributes), *attributes]
store.create_snapshot(0, [column.name for column in attributes], [column.sql_type for column in attributes])
rows = relation.copy(session, source, attributes[1:], table)
columns = relation.TrainingColumns(session, table, rows, attributes, "target")
described = [[column.name, column.width] for column in columns.columns]
engine.tell("begin", columns=described, target="target", row_count=rows)
for packed in columns.slices():
    engine.tell("rows", packed)
engine.ask("algorithms")
session.define(f"DROP TABLE {table}")
$$"""


def run(dsn: str) -> str:
    """Return the table of times, and how much the backend's own memory grew."""
    warnings.filterwarnings("ignore", "pandas only supports SQLAlchemy")
    connection = connect(dsn)
    cursor = connection.cursor()
    features = ", ".join(f"random() AS x{place}" for place in range(COLUMNS))
    cursor.execute(f"CREATE TABLE million AS SELECT {features}, random() AS target FROM generate_series(1, {ROWS})")
    cursor.execute("VACUUM ANALYZE million")
    cursor.execute(_TRANSFER)
    cursor.execute("SET max_parallel_workers_per_gather = 0")  # as pgml.train sets it
    cursor.execute("SELECT count(*) FROM pgml.algorithms")
    before = _peak(connection.info.backend_pid)
    pgml_time, pandas_time = best_of(
        3,
        lambda: cursor.execute("SELECT benchmark_transfer()"),
        lambda: pd.read_sql("SELECT * FROM million", connection),
    )
    growth = _peak(connection.info.backend_pid) - before
    connection.close()
    return table(
        f"Training data: {ROWS:,} rows x {COLUMNS} columns to a matrix",
        ("way", "seconds", "ratio", "at most"),
        [
            ("pandas.read_sql", f"{pandas_time:.2f}", "1.00", ""),
            ("pgml: snapshot and transfer", f"{pgml_time:.2f}", f"{pgml_time / pandas_time:.2f}", "0.40"),
            ("backend's memory, growth in MB", f"{growth:.0f}", "", "150"),
        ],
    )


def _peak(pid: int) -> float:
    """Return the most memory of its own that a process has had, in MB: the peak, less what it shares."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    kilobytes = {name: int(fields[name].split()[0]) for name in ("VmHWM", "RssFile", "RssShmem")}
    return (kilobytes["VmHWM"] - kilobytes["RssFile"] - kilobytes["RssShmem"]) / 1024
