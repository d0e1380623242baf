"""Whether the skeleton that ``pgml new-plugin`` writes works at once, and what it refuses to write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgml import cli
from pgml.errors import InvalidArgument
from pgml.plugin.skeleton import write_plugin


def test_the_skeleton_passes_its_own_test(tmp_path: Path):
    written = write_plugin("half_a_median", tmp_path)
    folder = tmp_path / "pgml-half-a-median"
    assert {str(file.relative_to(folder)) for file in written} == {
        "pyproject.toml",
        "pgml_half_a_median.py",
        "tests/test_half_a_median.py",
        "README.md",
    }
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(folder)]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_skeleton_says_what_it_is(tmp_path: Path):
    write_plugin("half_a_median", tmp_path)
    project = (tmp_path / "pgml-half-a-median" / "pyproject.toml").read_text()
    assert 'name = "pgml-half-a-median"' in project
    assert '[project.entry-points.pgml]\nhalf_a_median = "pgml_half_a_median"' in project


@pytest.mark.parametrize(
    "name", ["", "Median", "2nd", "_x", "x_", "a__b", "a b", "a-b", "a.b", "../a", "a/b", "ä", "a\n"]
)
def test_a_name_that_cannot_be_an_algorithms_is_refused(tmp_path: Path, name: str):
    with pytest.raises(InvalidArgument, match="cannot be the name of an algorithm"):
        write_plugin(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("linear", '"linear" is a built-in algorithm'),
        ("orthoganl_matching_pursuit", "is a built-in algorithm"),
        ("pgml_median", "begins with pgml"),
    ],
)
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str, said: str):
    with pytest.raises(InvalidArgument, match=said):
        write_plugin(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path):
    (tmp_path / "pgml-median").mkdir()
    (tmp_path / "pgml-median" / "pyproject.toml").write_text("mine")
    with pytest.raises(InvalidArgument, match="is there already"):
        write_plugin("median", tmp_path)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["pyproject.toml"]
    assert (tmp_path / "pgml-median" / "pyproject.toml").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_an_error_in_one_sentence(tmp_path: Path):
    with pytest.raises(InvalidArgument, match="cannot write .*: No such file or directory"):
        write_plugin("median", tmp_path / "nowhere")


def test_the_command_says_what_to_do_next(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new-plugin", "median"]) == 0
    told = capsys.readouterr().out
    assert "pgml-median/pgml_median.py\n" in told
    assert "Next: cd pgml-median && pip install --editable '.[test]' && pytest" in told
    assert cli.main(["new-plugin", "median"]) == 1
    assert "pgml: " in capsys.readouterr().err
