"""The table and the charts in the documentation, between two markers of each page."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path

import xgboost

from benchmarks.environment import PYTHON, ROOT
from benchmarks.fast_door.load import load_tool
from benchmarks.fast_door.report import Report
from benchmarks.fast_door.scale import Bench

BEGIN, END = "<!-- fast door: written by script/bench -->", "<!-- fast door: end -->"
DOORS = {"c": "in C", "python": "through PL/Python"}
CHARTS = ROOT / "docs" / "charts"


def title(bench: Bench) -> str:
    """Return the sentences above the table: which door, on what, with what."""
    bench.cursor.execute("SHOW server_version_num")
    server = int(bench.cursor.fetchone()[0])
    return (
        f"`pgml.predict` {DOORS[bench.language]} on {date.today():%-d %B %Y}: {os.cpu_count()} processors"
        f" ({_processor()}), PostgreSQL {server // 10000}.{server % 10000}, Python {platform.python_version()},"
        f" scikit-learn {version('scikit-learn')}, XGBoost {xgboost.__version__}."
        f" Medians of {bench.scale.rounds} rounds or more, both sides of a ratio turn about. PostgreSQL through its Unix"
        f" socket by pgbench; FastAPI, one uvicorn worker, through the loopback by {load_tool()}."
    )


def write(title: str, report: Report) -> None:
    """Draw the charts, and put all of it into docs/speed.md, and what has something to reach into README.md."""
    CHARTS.mkdir(exist_ok=True)
    figures = json.dumps({"rates": report.rates, "clients": report.clients})
    command = [PYTHON, "-m", "benchmarks.peers.charts", CHARTS]
    subprocess.run(command, cwd=ROOT, input=figures, text=True, check=True)
    _replace(ROOT / "docs" / "speed.md", title, report.markdown(), "charts")
    _replace(ROOT / "README.md", title, report.markdown(short=True), "docs/charts")


def _replace(page: Path, title: str, table: str, charts: str) -> None:
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{page.name} lacks the markers {BEGIN} and {END}")
    images = (
        f"![Rows scored a second]({charts}/rows.svg)\n\n![Answers a second by clients]({charts}/clients.svg)"
    )
    page.write_text(f"{before}{BEGIN}\n{title}\n\n{table}\n\n{images}\n{END}{after}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
