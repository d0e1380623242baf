"""What pgml needs, here or on a server that is named: what is there, what is missing, and the command that brings it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from pgml.errors import PgmlError
from pgml.plugin.registry import find_plugins
from pgml.server import postgres
from pgml.server.cluster import PACKAGE, Cluster
from pgml.server.finding import Finding
from pgml.server.inspection import compiled_module, inspect
from pgml.server.place import is_named


def examine(dsn: str = "") -> Iterator[Finding]:
    """Yield what there is to say about a server that is named, else about this machine and the private server.

    One is named by the connection string or by the PG* variables. What only the engine knows is asked where it runs.
    """
    if is_named(dsn):
        from psycopg2.extensions import make_dsn, parse_dsn

        place = {name: value for name, value in parse_dsn(dsn).items() if name != "password"}
        yield from inspect(dsn, f"pgml install {shlex.quote(make_dsn(**place)) if place else ''}".strip())
        return
    cluster = Cluster()
    yield from _programs()
    yield from _reading(cluster)
    try:
        running = cluster.running
    except PgmlError as error:
        yield Finding(error.message, there=False, remedy=error.hint or "")
        running = None
    else:
        what = f"runs on port {running.port}" if running else "does not run"
        yield Finding(f"the private server in {cluster.home} {what}", there=running is not None, remedy="pgml up")
    if running:
        yield from inspect(cluster.dsn(), "pgml up", is_private=True)
    else:
        yield from _environment(cluster)


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


def _environment(cluster: Cluster) -> Iterator[Finding]:
    """Say of this environment what a server that runs would say of its engine's."""
    yield compiled_module(find_spec("pgml.predictors._evaluate") is not None, sys.executable)
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
    for failure in find_plugins().failures:
        yield Finding(
            f"plugin {failure.plugin.name} {failure.plugin.version}: {failure.reason}",
            there=False,
            remedy=f"{sys.executable} -m pip install --upgrade {failure.plugin.name}, or uninstall it",
        )
