"""What docs/exports.md shows is what happens: its statements, its commands, and its Python."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from psql import psql

from pgml import cli
from pgml.predictors.export.sql import function

PAGE = (Path(__file__).parents[2] / "docs" / "exports.md").read_text()
SHOWN = re.compile(r"```sql\n(.*?)```\n\n```text\n(.*?)```\n", re.DOTALL)


@pytest.fixture(scope="module")
def reader(new_database):
    """A database in which every statement of the page was run in its order, and what was shown."""
    pytest.importorskip("onnx")
    with new_database() as database:
        database.shown = [
            (psql(database.dsn, statements).stdout, answer) for statements, answer in SHOWN.findall(PAGE)
        ]
        yield database


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def test_the_statements_show_what_the_page_says(reader):
    assert len(reader.shown) == PAGE.count("```sql") == 3
    for shown, answer in reader.shown:
        assert lines(shown) == lines(answer)


def test_the_commands_write_the_files(reader, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^\.venv/bin/pgml (export '.*?') (--.*)$", PAGE, re.MULTILINE)
    assert len(commands) == 2
    for model, options in commands:
        assert cli.main(["export", model.split("'")[1], reader.dsn, *options.split()]) == 0
    reader.execute("CREATE SCHEMA elsewhere")
    ran = psql(
        reader.dsn,
        None,
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        "SET search_path = elsewhere",
        "-f",
        "progression.sql",
    )
    assert ran.returncode == 0, ran.stdout
    assert reader.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = 'elsewhere'::regnamespace") == [
        (1,)
    ]
    assert (tmp_path / "progression.onnx").stat().st_size > 500


def test_the_python_prints_what_the_page_says(reader):
    pytest.importorskip("onnxruntime")
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    code = code.replace("pgml.connect()", f"pgml.connect({reader.dsn!r})")
    [answer] = re.findall(r"```python\n(?:(?!```).)*```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == answer


def test_the_limit_is_the_one_there_is():
    assert f"up to {function.MOST_LEAVES:,} leaves" in PAGE
