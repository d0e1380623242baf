"""The command ``pgml``: a private server to try things on, and pgml in a server that exists."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pgml
from pgml.errors import PgmlError, ServerError


def up(arguments: argparse.Namespace) -> int:
    """Create the private server where there is none, start it and install pgml in it."""
    from pgml.cluster import DATABASE, Cluster
    from pgml.installation import PACKAGE, install_schema, server_python

    cluster = Cluster()
    password = arguments.password_file and arguments.password_file.read_text().rstrip("\n")
    address = "" if arguments.foreground else arguments.listen  # nobody is let in before all is set up
    with cluster.locked():
        cluster.start(arguments.port, address, password or None)
        cluster.create_database(DATABASE)
        with contextlib.closing(cluster.connect()) as connection:
            found = server_python(connection)
        if not (found.has_pgml and found.folder and Path(found.folder).samefile(PACKAGE)):
            raise ServerError(
                f"the server was started with another pgml, in {found.folder}", hint="pgml down, then pgml up"
            )
        install_schema(cluster.dsn())
        if arguments.foreground:
            cluster.stop()
            cluster.foreground(arguments.port, arguments.listen)
    print(f"PostgreSQL {cluster.postgres.version} with pgml {pgml.__version__} runs on port {cluster.port}.")
    _print_connections(cluster)
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop the private server; its data stays."""
    from pgml.cluster import Cluster

    cluster = Cluster()
    with cluster.locked():
        print("The server is stopped." if cluster.stop() else "The server was not running.")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Say whether the private server runs, and how to reach it."""
    from pgml.cluster import Cluster

    cluster = Cluster()
    if running := cluster.running:
        print(f"The server runs on port {running.port}, process {running.pid}.")
        _print_connections(cluster)
        return 0
    print(f"The server in {cluster.home} does not run." if cluster.exists else f"There is no server in {cluster.home}.")
    return 3  # as pg_ctl and service scripts have it


def psql(arguments: Sequence[str]) -> NoReturn:
    """Run psql on the private server's database, as its owner."""
    from pgml.cluster import DATABASE, Cluster

    cluster = Cluster()
    if not cluster.running:
        raise ServerError("the server does not run", hint="pgml up")
    place = {"PGHOST": str(cluster.socket_folder), "PGPORT": str(cluster.port)}
    program = cluster.postgres.program("psql")
    environment = {**os.environ, **place, "PGUSER": "postgres", "PGDATABASE": DATABASE}
    os.execve(program, ["psql", *arguments], environment)


def install(arguments: argparse.Namespace) -> int:
    """Install pgml in a database of a server that exists."""
    from pgml.installation import install

    print("\n".join(install(arguments.dsn)))
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Say what is there and what is missing, with the command that brings it."""
    from pgml.cluster import Cluster
    from pgml.doctor import examine

    healthy = True
    for finding in examine(Cluster()):
        print(finding)
        healthy = healthy and (finding.there or not finding.needed)
    return 0 if healthy else 1


def plugins(arguments: argparse.Namespace) -> int:
    """List the plugins, what each provides, and why one cannot be used."""
    from pgml.registry import load_registry

    registry = load_registry()
    provided: dict[tuple[str, str], list[str]] = {}
    for (algorithm, objective), found in registry.algorithms.items():
        provided.setdefault((found.plugin.name, found.plugin.version), []).append(f"{algorithm} ({objective})")
    for (name, version), algorithms in sorted(provided.items()):
        print(f"{name} {version}\n    {', '.join(sorted(algorithms))}")
    for failure in registry.failures:
        print(f"{failure.plugin.name} {failure.plugin.version}\n    FAILED: {failure.reason}")
    return 1 if registry.failures else 0


@dataclass(frozen=True)
class Command:
    """A subcommand: what it runs, and its arguments as `ArgumentParser.add_argument` takes them."""

    run: Callable[[Any], int]
    arguments: tuple[tuple[str, dict[str, Any]], ...] = ()


COMMANDS = {
    "up": Command(
        up,
        (
            ("--port", {"type": int, "help": "TCP port (default: the one it had before, at first 5433)"}),
            ("--listen", {"default": "127.0.0.1", "metavar": "ADDRESS", "help": "where to listen (%(default)s)"}),
            ("--password-file", {"type": Path, "metavar": "FILE", "help": "holds the password, else it is random"}),
            ("--foreground", {"action": "store_true", "help": "become the server, as a container wants it"}),
        ),
    ),
    "down": Command(down),
    "status": Command(status),
    "psql": Command(psql, (("arguments", {"nargs": "*", "metavar": "ARG", "help": "handed on to psql"}),)),
    "install": Command(
        install, (("dsn", {"nargs": "?", "default": "", "help": "libpq's connection string; else PG* variables"}),)
    ),
    "doctor": Command(doctor),
    "plugins": Command(plugins),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; what cannot work is told in one sentence on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words[:1] == ["psql"]:  # all that follows is psql's own, --help and --version too
            psql(words[1:])
        arguments = _parser().parse_args(words)
        return COMMANDS[arguments.command].run(arguments)
    except PgmlError as error:
        print(f"pgml: {error.message}" + (f"\nTry: {error.hint}" if error.hint else ""), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pgml", description=pgml.__doc__)
    parser.add_argument("--version", action="version", version=f"pgml {pgml.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        summary = (command.run.__doc__ or "").strip()
        subparser = commands.add_parser(name, help=summary, description=summary)
        for argument, options in command.arguments:
            subparser.add_argument(argument, **options)
    return parser


def _print_connections(cluster: Any) -> None:
    """Print how to connect: through the socket as the owner, and by TCP with the password that is kept."""
    from pgml.cluster import DATABASE, LOCALHOST

    command = sys.argv[0] if shutil.which("pgml") != sys.argv[0] else "pgml"
    print(f"  here:          {command} psql")
    print(
        f"  with password: PGPASSFILE={cluster.passwords.path} "
        f"psql -h {LOCALHOST} -p {cluster.port} -U postgres {DATABASE}"
    )
