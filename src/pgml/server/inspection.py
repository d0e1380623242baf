"""What a server and one of its databases have of pgml: package, schema, and the engine's environment with its plugins."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pgml
from pgml.errors import ServerError
from pgml.server import door
from pgml.server.finding import Finding
from pgml.server.installation import PACKAGE, SQL, connect, server_python

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_CHECKOUT = PACKAGE.parents[1]
_SOURCE = f"--editable {_CHECKOUT}" if (_CHECKOUT / "pyproject.toml").exists() else f"pgml-core=={pgml.__version__}"

# Run by the interpreter of the engine, with the pgml that the server finds.
_ENGINE = """
import importlib, json, sys
from importlib.util import find_spec
found = {"compiled": find_spec("pgml.predictors._evaluate") is not None, "libraries": {}, "plugins": {}, "failures": []}
for library in ("sklearn", "xgboost"):
    try:
        found["libraries"][library] = importlib.import_module(library).__version__
    except Exception as error:
        found["failures"].append(["the engine cannot import " + library, str(error), "pgml-core"])
from pgml.plugin.registry import find_plugins
registry = find_plugins()
for algorithm in registry.algorithms.values():
    found["plugins"][algorithm.plugin.name] = algorithm.plugin.version
for failure in registry.failures:
    plugin = failure.plugin
    found["failures"].append([f"plugin {plugin.name} {plugin.version}", failure.reason, plugin.name])
print(json.dumps(found))
"""
# Run by the server, as its own user.
_PROBE = """
CREATE FUNCTION pg_temp.pgml_engine(script text) RETURNS text LANGUAGE plpython3u AS $$
import json, os, subprocess
try:
    import pgml
    from pgml.backend.engine import interpreter
    python = interpreter()
except Exception as error:
    return json.dumps({"broken": str(error)})
environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(pgml.__file__)), "PYTHONSAFEPATH": "1"}
try:
    run = subprocess.run(
        [python, "-c", script], env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
except (OSError, subprocess.TimeoutExpired) as error:
    return json.dumps({"python": python, "broken": str(error)})
if run.returncode != 0:
    said = run.stderr.strip().splitlines() or [f"it ended with status {run.returncode}"]
    return json.dumps({"python": python, "broken": said[-1]})
return json.dumps({"python": python, **json.loads(run.stdout.splitlines()[-1])})
$$
"""


def inspect(dsn: str, install: str, is_private: bool = False) -> Iterator[Finding]:
    """Yield what there is to say about the server and database of a connection string, and about its engine.

    ``install`` is the command that installs pgml there. The private server has to run the very package that asks.
    Who is no superuser sees the schema, and no more.
    """
    import psycopg2

    try:
        with contextlib.closing(connect(dsn)) as connection:
            yield from _inspect(connection, install, is_private)
    except ServerError as error:
        yield Finding(" ".join(error.message.split()), there=False, remedy=error.hint or "")
    except psycopg2.Error as error:
        yield Finding(f"the server cannot be asked: {' '.join(str(error).split())}", there=False, remedy=install)


def _inspect(connection: Connection, install: str, is_private: bool) -> Iterator[Finding]:
    about, version = connection.info, str(connection.server_version // 10000)
    where = f"{about.host}, port {about.port}" if about.host else f"port {about.port}"
    yield Finding(f"PostgreSQL {version} answers at {where}, database {about.dbname}, user {about.user}")
    yield _schema(connection, install)
    if not _value(connection, "SELECT current_setting('is_superuser')::bool"):
        yield Finding(
            f"only a superuser can see more of the server than its schema, and {about.user} is none",
            there=False,
            remedy="name one in the connection string",
            needed=False,
        )
    elif not _value(connection, "SELECT count(*) FROM pg_available_extensions WHERE name = 'plpython3u'"):
        yield Finding(
            "the server has no PL/Python",
            there=False,
            remedy=f"on its machine: apt-get install postgresql-plpython3-{version}",
        )
    else:
        yield from _door(connection, install)
        yield from _python(connection, install, is_private)


def _schema(connection: Connection, install: str) -> Finding:
    """Compare the version of the schema with the package's."""
    found = re.search(r"^\\set schema_version (\d+)", SQL.read_text(), re.MULTILINE)
    assert found, f"{SQL} sets no schema_version"
    wanted, here = int(found[1]), None
    if _value(connection, "SELECT to_regclass('pgml.schema_version') IS NOT NULL"):
        here = _value(connection, "SELECT version FROM pgml.schema_version")
    elif _value(connection, "SELECT to_regclass('pgml.artifacts') IS NOT NULL"):
        here = 1
    if here is None:
        return Finding("pgml is not installed in this database", there=False, remedy=install)
    if here == wanted:
        return Finding(f"its schema is of version {here}, as this package's")
    return Finding(
        f"its schema is of version {here}, this package's is {wanted}",
        there=False,
        remedy=install if here < wanted else "pip install --upgrade pgml-core, in this environment",
    )


def _door(connection: Connection, install: str) -> Iterator[Finding]:
    """Say what predictions are made by, where pgml is installed."""
    if not _value(connection, "SELECT to_regprocedure('pgml.predict(text, float8[])') IS NOT NULL"):
        return
    path = _value(
        connection, "SELECT (SELECT probin FROM pg_proc WHERE oid = to_regprocedure('pgml_doors.predict(text, float8[])'))"
    )
    if path is None:
        yield Finding(
            "predictions go through PL/Python: the server has no module in C for them",
            there=False,
            remedy=f"{install}, which builds it or says what it lacks",
            needed=False,
        )
        return
    try:
        door.check(connection, path)
    except ServerError as error:
        yield Finding(f"predictions are made by {path}, but {error.message}", there=False, remedy=install)
        return
    wanted = door.module(connection.server_version // 10000)
    yield Finding(
        f"predictions are made in C, by {path}",
        there=path.rpartition("/")[2] == wanted.name or not wanted.exists(),
        remedy=f"{install}: this package has another, {wanted.name}",
        needed=False,
    )


def _python(connection: Connection, install: str, is_private: bool) -> Iterator[Finding]:
    """Say which package the server's Python finds, and what its engine runs in."""
    found = server_python(connection)
    if found.version is None:
        yield Finding(f"the server's Python {found.python} finds no pgml: {found.reason}", there=False, remedy=install)
        return
    another = "" if found.has_pgml else f", where {pgml.__version__} is wanted"
    if is_private and found.folder and not PACKAGE.samefile(found.folder):
        another = another or f", not that in {PACKAGE}"
    yield Finding(
        f"the server's Python {found.python} finds pgml {found.version} in {found.folder}{another}",
        there=not another,
        remedy="pgml down, then pgml up" if is_private else f"remove that one, or restart the server; then {install}",
    )
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN; SET LOCAL client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS plpython3u; {_PROBE}")
        cursor.execute("SELECT pg_temp.pgml_engine(%s)", (_ENGINE,))
        yield from _engine(json.loads(cursor.fetchone()[0]))  # type: ignore[index]
        cursor.execute("ROLLBACK")


def _engine(found: dict[str, Any]) -> Iterator[Finding]:
    python = found.get("python")
    if reason := found.get("broken"):
        what = f"the engine does not run in {python}" if python else "the engine has no interpreter"
        yield Finding(
            f"{what}: {reason}",
            there=False,
            remedy="set PGML_PYTHON in the server's environment to the python that pgml is installed for",
        )
        return
    libraries = ", ".join(f"{name} {version}" for name, version in found["libraries"].items())
    yield Finding(f"its engine runs {python}, with {libraries or 'no library'}")
    yield compiled_module(found["compiled"], python)
    plugins = ", ".join(f"{name} {version}" for name, version in sorted(found["plugins"].items()))
    yield Finding(f"its plugins: {plugins}", there=bool(plugins))
    for what, reason, package in found["failures"]:
        yield Finding(f"{what}: {reason}", there=False, remedy=f"{python} -m pip install --upgrade {package}")


def compiled_module(is_built: bool, python: str) -> Finding:
    """Say whether predictions are made in C, by the pgml of an environment."""
    if is_built:
        return Finding("this package's evaluator in C, for PL/Python and the engine, is built")
    return Finding(
        "this package's evaluator in C is not built: in PL/Python and the engine the pure-Python reference predicts, slower",
        there=False,
        remedy="apt-get install gcc libc6-dev python3-dev, then "
        f"{python} -m pip install --force-reinstall --no-deps {_SOURCE}",
        needed=False,
    )


def _value(connection: Connection, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row and row[0]
