"""The engine's interpreter is that of pgml's own environment, whatever lies in the folders around it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pgml
from pgml.backend.interpreter import interpreter
from pgml.errors import ServerError

PACKAGE = Path(pgml.__file__).parent
ASK = """
from pgml.backend.engine import Engine
engine = Engine(wait=None, warn=print)
print("algorithms:", len(engine.ask("algorithms")[0]))
engine.stop()
"""


@pytest.fixture(autouse=True)
def nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGML_PYTHON", raising=False)


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder below four others, each of which holds somebody's ``bin/python`` that tells when it is run."""
    deep = tmp_path / "one" / "two" / "three" / "four"
    deep.mkdir(parents=True)
    for folder in (*deep.parents[:4], deep):
        for name in ("python", f"python3.{sys.version_info.minor}"):
            program(folder / "bin" / name, f'touch "{tmp_path}/impostor-was-run"; exit 1')
    return deep


def program(path: Path, script: str = "exit 1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def checkout(folder: Path) -> Path:
    """Make what shows a checkout for one, with the package in it; return the package."""
    (folder / "sql").mkdir(parents=True)
    (folder / "sql" / "install.sql").touch()
    (folder / "pyproject.toml").touch()
    package = folder / "src" / "pgml"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("_sql", "__pycache__"))
    return package


def virtual(environment: Path) -> Path:
    """Make what shows an environment for one, where the engine runs as it does here; return its Python."""
    environment.mkdir(parents=True, exist_ok=True)
    (environment / "pyvenv.cfg").touch()
    return program(environment / "bin" / "python", f'exec "{sys.executable}" "$@"')


def run(package: Path) -> subprocess.CompletedProcess[str]:
    """Start the engine of a copied package from a bare interpreter, as a backend does."""
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    return subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=False)


def test_a_checkout_takes_its_own_environment_and_runs_nobody_elses(deep: Path, tmp_path: Path):
    package = checkout(deep / "checkout")
    program(deep / "checkout" / "bin" / "python", f'touch "{tmp_path}/impostor-was-run"; exit 1')
    python = virtual(deep / "checkout" / ".venv")
    assert interpreter(package) == str(python)
    done = run(package)
    assert done.stdout.startswith("algorithms: "), done.stderr
    assert not (tmp_path / "impostor-was-run").exists()


def test_a_checkout_without_an_environment_has_none(deep: Path, tmp_path: Path):
    package = checkout(deep / "checkout")
    done = run(package)
    assert "there is no Python environment to train in" in done.stderr
    assert str(package) in done.stderr
    assert not (tmp_path / "impostor-was-run").exists()


@pytest.mark.parametrize("missing", ["pyproject.toml", "sql/install.sql", ".venv/pyvenv.cfg"])
def test_a_venv_beside_what_is_no_checkout_is_not_run(deep: Path, missing: str):
    package = checkout(deep / "checkout")
    virtual(deep / "checkout" / ".venv")
    (deep / "checkout" / missing).unlink()
    with pytest.raises(ServerError, match="there is no Python environment to train in"):
        interpreter(package)


def test_an_installed_package_takes_the_environment_that_holds_it(deep: Path, tmp_path: Path):
    folder = deep / "environment" / "lib" / "python3.11" / "site-packages"
    for impostor in (folder, *folder.parents[:2]):
        program(impostor / "bin" / "python", f'touch "{tmp_path}/impostor-was-run"; exit 1')
    shutil.copytree(PACKAGE, folder / "pgml", ignore=shutil.ignore_patterns("_sql", "__pycache__"))
    python = virtual(deep / "environment")
    assert interpreter(folder / "pgml") == str(python)
    done = run(folder / "pgml")
    assert done.stdout.startswith("algorithms: "), done.stderr
    assert not (tmp_path / "impostor-was-run").exists()


def test_a_site_folder_in_no_environment_has_none(deep: Path):
    """Such as ``pip install --prefix``, whose ``bin`` is filled by whoever installs programs there."""
    folder = deep / "lib" / "python3.11" / "site-packages"
    with pytest.raises(ServerError, match="there is no Python environment to train in"):
        interpreter(folder / "pgml")


def test_a_python_that_is_no_virtual_environment_is_known_by_its_library(deep: Path):
    library = deep / "installation" / "lib" / "python3.11"
    library.mkdir(parents=True)
    (library / "os.py").touch()
    python = program(deep / "installation" / "bin" / "python3.11")
    program(deep / "installation" / "bin" / "python")  # may be of another version
    assert interpreter(library / "site-packages" / "pgml") == str(python)


def test_the_environment_of_the_server_names_it_first(deep: Path, monkeypatch: pytest.MonkeyPatch):
    package = checkout(deep / "checkout")
    virtual(deep / "checkout" / ".venv")
    monkeypatch.setenv("PGML_PYTHON", sys.executable)
    assert interpreter(package) == sys.executable
    for wrong in ("/nowhere/python", str(deep)):
        monkeypatch.setenv("PGML_PYTHON", wrong)
        with pytest.raises(ServerError, match=f"PGML_PYTHON={wrong}, which is no program"):
            interpreter(package)
