"""Prediction against its peers: whatever ``pgml.predict`` the server has, each figure a ratio within one run."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import psycopg2.extensions

from benchmarks.environment import ensure_environment
from benchmarks.fast_door import (
    by_hand,
    connection,
    data,
    document,
    models,
    one_row,
    queries,
    relation,
    translated,
)
from benchmarks.fast_door.report import Report
from benchmarks.fast_door.scale import FULL, QUICK, Bench
from benchmarks.server import connect

PARTS = (one_row, queries, relation, by_hand, translated, connection)


def run(dsn: str, quick: bool = False, write: bool = False) -> str:
    """Return the table; with ``write``, put it and the charts into the documentation too."""
    ensure_environment()
    session = connect(dsn)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="pgml-bench-") as folder:
        bench = Bench(
            dsn, session.cursor(), _language(session.cursor()), QUICK if quick else FULL, Path(folder)
        )
        data.create(bench)
        models.train_all(bench)
        for part in PARTS:
            print(f"measuring: {part.__doc__.splitlines()[0]}", file=sys.stderr)
            part.measure(bench, report)
    title = document.title(bench)
    if write:
        document.write(title, report)
    return f"\n{title}\n\n{report.markdown()}\n"


def _language(cursor: psycopg2.extensions.cursor) -> str:
    cursor.execute("SELECT to_regprocedure('pgml_doors.predict(text, float8[])') IS NOT NULL")
    return "c" if cursor.fetchone()[0] else "python"
