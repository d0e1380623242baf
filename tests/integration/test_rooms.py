"""What the modules of each room load: a backend has the standard library alone, and listing plugins costs nothing.

import-linter, which knows the other rules, cannot tell an import at the top of a module from one inside a function.
"""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pluggy
import psycopg2
import pytest

import pgml

# What a PostgreSQL backend imports, with what it shares with other processes.
BACKEND = ("pgml.backend", "pgml.errors", "pgml.predictors.read", "pgml.predictors.reference", "pgml.wire")
# What is imported whenever algorithms are listed; the checks are for those who test one.
LISTED = ("pgml.algorithms", "pgml.plugin")
CHECKS = "pgml.plugin.checks"

IMPORT = """
import importlib, sys

known, refused = {*sys.stdlib_module_names, "pgml", "plpy", *allowed}, set()


class OthersRefused:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in known:
            refused.add(name)
            raise ModuleNotFoundError(f"{name} is not in the standard library", name=name)


sys.meta_path.insert(0, OthersRefused)
for module in modules:
    importlib.import_module(module)
asked_for = sorted(refused - {"org"})  # which the standard library looks for, in case it runs on Java
"""


def modules(room: str) -> list[str]:
    """Return the room's name, and that of every module in it."""
    every = [module.name for module in pkgutil.walk_packages(pgml.__path__, "pgml.")]
    found = [name for name in every if name == room or name.startswith(f"{room}.")]
    assert found, f"there is no {room}"
    return found


def asked_for(module: str, *allowed: str) -> str:
    """Import a module in an interpreter that has nothing but pgml and ``allowed``; return what else it asks for."""
    folders = [str(Path(package.__file__).parents[1]) for package in (pgml, pluggy)]
    given = f"import sys; sys.path += {folders}; modules, allowed = [{module!r}], {allowed}"
    code = f"{given}\n{IMPORT}\nprint(*asked_for)"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_a_backend_needs_the_standard_library_alone(database) -> None:
    names = ["pgml", "pgml.predictors", *(name for room in BACKEND for name in modules(room))]
    database.execute(
        "CREATE FUNCTION pg_temp.asked_for(modules text[], allowed text[]) RETURNS text[] LANGUAGE plpython3u"
        f" AS $python${IMPORT}\nreturn asked_for\n$python$"
    )
    assert database.execute("SELECT pg_temp.asked_for(%s, '{}')", names) == [([],)]
    with pytest.raises(psycopg2.Error, match="numpy is not in the standard library"):
        database.execute("SELECT pg_temp.asked_for('{pgml.predictors.build.linear}', '{}')")


@pytest.mark.parametrize("module", [name for room in LISTED for name in modules(room) if not name.startswith(CHECKS)])
def test_listing_algorithms_loads_no_library(module: str) -> None:
    assert asked_for(module, "pluggy") == ""


def test_what_is_not_there_is_noticed() -> None:
    with pytest.raises(AssertionError, match="numpy is not in the standard library"):
        asked_for("pgml.predictors.build.linear")
