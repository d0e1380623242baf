"""What pgml needs on this machine: what is there, what is missing, and the command that brings it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import pgml
from pgml.errors import PgmlError
from pgml.plugin.registry import load_registry
from pgml.server import postgres
from pgml.server.cluster import PACKAGE, Cluster
from pgml.server.installation import server_python

_CHECKOUT = PACKAGE.parents[1]
_IS_CHECKOUT = (_CHECKOUT / "pyproject.toml").exists()
_SOURCE = f"--editable {_CHECKOUT}" if _IS_CHECKOUT else f"pgml-core=={pgml.__version__}"
_REINSTALL = f"{sys.executable} -m pip install --force-reinstall --no-deps {_SOURCE}"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. What is missing but not ``needed`` makes pgml slower or smaller, no more."""

    what: str
    there: bool = True
    remedy: str = ""
    needed: bool = True

    def __str__(self) -> str:
        mark = "ok" if self.there else "MISSING" if self.needed else "note"
        helps = f"\n         → {self.remedy}" if self.remedy and not self.there else ""
        return f"{mark:8} {self.what}{helps}"


def examine(cluster: Cluster) -> Iterator[Finding]:
    """Yield what there is to say about the machine, the environment and the private server, in this order."""
    yield from _programs()
    yield from _reading(cluster)
    yield _compiled_module()
    yield from _libraries(cluster)
    yield from _server(cluster)
    for failure in load_registry().failures:
        yield Finding(
            f"plugin {failure.plugin.name} {failure.plugin.version}: {failure.reason}",
            there=False,
            remedy=f"{sys.executable} -m pip install --upgrade {failure.plugin.name}, or uninstall it",
        )


def _programs() -> Iterator[Finding]:
    try:
        programs = postgres.find()
    except PgmlError as error:
        yield Finding(error.message, there=False, remedy=error.hint or "")
        return
    yield Finding(f"PostgreSQL {programs.version} with PL/Python in {programs.bin}")
    mine = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield Finding(
        f"PL/Python runs Python {programs.python_version}, this environment is of Python {mine}",
        there=programs.python_version in (None, mine),
        remedy=f"make the environment with python{programs.python_version} -m venv",
    )


def _reading(cluster: Cluster) -> Iterator[Finding]:
    try:
        user = cluster.user
        user.check_reads(PACKAGE, cluster.home if cluster.home.exists() else PACKAGE)
    except PgmlError as error:
        yield Finding(error.message, there=False, remedy=error.hint or "")
    else:
        yield Finding(f"the server's user {user.name} can read {PACKAGE} and run {sys.executable}")


def _compiled_module() -> Finding:
    if find_spec("pgml.predictors._evaluate"):
        return Finding("the C module for predictions is built")
    return Finding(
        "the C module for predictions is not built: the pure-Python reference serves them, slower",
        there=False,
        remedy=f"apt-get install gcc libc6-dev python3-dev, then {_REINSTALL}",
        needed=False,
    )


def _libraries(cluster: Cluster) -> Iterator[Finding]:
    for library in ("sklearn", "xgboost"):
        try:
            script = f"import {library}; print({library}.__version__)"
            version = cluster.user.run([sys.executable, "-c", script])
        except PgmlError as error:
            yield Finding(
                f"the engine cannot import {library}: {error.message.splitlines()[-1]}",
                there=False,
                remedy=f"{sys.executable} -m pip install --upgrade pgml-core",
            )
        else:
            yield Finding(f"the engine imports {library} {version.strip()}")


def _server(cluster: Cluster) -> Iterator[Finding]:
    try:
        running = cluster.running
    except PgmlError as error:
        yield Finding(error.message, there=False, remedy=error.hint or "")
        return
    if running is None:
        yield Finding(f"the private server in {cluster.home} does not run", there=False, remedy="pgml up")
        return
    yield Finding(f"the private server in {cluster.home} runs on port {running.port}")
    import psycopg2

    try:
        with contextlib.closing(cluster.connect()) as connection, connection.cursor() as cursor:
            found = server_python(connection)
            cursor.execute("SELECT pgml.version()")
            version = cursor.fetchone()[0]
    except psycopg2.Error as error:
        yield Finding(f"pgml is not installed in it: {str(error).strip()}", there=False, remedy="pgml up")
        return
    yield Finding(
        f"pgml {version} is installed in it, from {found.folder}",
        there=version == pgml.__version__ and found.is_here,
        remedy="pgml down, then pgml up",
    )
