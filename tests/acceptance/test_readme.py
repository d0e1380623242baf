"""The README is followed in its order, on a server of its own: the demo, the walkthrough, the Python; then once more."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SHOWN = re.compile(r"```sql\n(.*?)```\n\n```text\n(.*?)```\n", re.DOTALL)
PGML = Path(sys.executable).with_name("pgml")


class Reader:
    """Somebody with a checkout in which script/setup has nothing to do, and with a private server."""

    def __init__(self, folder: Path):
        self.folder = folder
        for part in ("examples", "script", "sql"):
            shutil.copytree(ROOT / part, folder / part)
        (folder / "script" / "setup").write_text("#!/bin/sh\n")
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / ".venv" / "bin" / "pgml").symlink_to(PGML)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.environment["PGML_HOME"] = str(folder / ".pgml")

    def run(self, *command: str, typed: str | None = None) -> str:
        """Run a command in the checkout, with what is typed into it; return what the screen shows."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def psql(self, statements: str, *arguments: str) -> list[str]:
        """Type statements into `pgml psql`; return the lines that it shows."""
        shown = self.run(".venv/bin/pgml", "psql", "--no-psqlrc", "--quiet", *arguments, typed=statements)
        return [line.rstrip() for line in shown.strip().splitlines()]


@pytest.fixture(scope="module")
def reader(server_folder: Path) -> Iterator[Reader]:
    """Who has run script/demo."""
    reader = Reader(server_folder / "reader")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        shown = reader.run("script/demo", "--port", str(port))
        assert "WARNING" not in shown
        assert shown.count("\n-- ======== examples/") == 2
        assert "That was pgml." in shown
        yield reader
    finally:
        reader.run(".venv/bin/pgml", "down")


def test_every_statement_has_its_answer() -> None:
    assert len(SHOWN.findall(README)) == README.count("```sql") > 5


def test_the_demo_has_a_database_of_its_own(reader: Reader) -> None:
    count = "SELECT count(DISTINCT (project_id, algorithm_name)) FROM pgml.models"
    assert reader.psql(count, "--tuples-only", "--no-align") == ["0"]
    assert reader.psql(count, "--tuples-only", "--no-align", "pgml_demo") == ["43"]


def test_walkthrough(reader: Reader) -> None:
    for statements, answer in SHOWN.findall(README):
        assert reader.psql(statements) == answer.strip().splitlines()


def test_python(reader: Reader) -> None:
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    called = ("predict", "models", "classify", "predict_proba", "score")
    code = re.sub(rf"^db\.({'|'.join(called)})\(", r"\1 = db.\1(", code, flags=re.MULTILINE)
    code += "\nprint(len(patients), len(predict), list(models.algorithm_name))"
    code += "\nprint(len(digits), (classify == digits.target.astype(str)).mean() > 0.9, predict_proba.shape, score.shape)"
    assert reader.run(sys.executable, "-c", code).splitlines() == [
        "442 442 ['linear', 'xgboost', 'lasso', 'ridge']",
        "1797 True (1797, 10) (1797, 2)",
    ]


def test_a_second_reading(reader: Reader) -> None:
    for statements, answer in SHOWN.findall(README):
        errors = [line for line in answer.splitlines() if line.startswith("ERROR")]
        assert [line for line in reader.psql(statements) if line.startswith(("ERROR", "WARNING"))] == errors


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
