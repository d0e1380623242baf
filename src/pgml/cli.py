"""The command ``pgml``: a private server to try things on, and pgml in a server that exists."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pgml
from pgml.errors import PgmlError, ServerError
from pgml.server import installation
from pgml.server.cluster import DATABASE, LOCALHOST, PACKAGE, Cluster


def up(arguments: argparse.Namespace) -> int:
    """Create the private server where there is none, start it and install pgml in it."""
    cluster = Cluster()
    if arguments.foreground and os.getpid() == 1:
        # It takes over every engine whose session has ended, and a killed one for a session that crashed: all others end.
        raise ServerError(
            "PostgreSQL cannot be process 1 of a container", hint="tini -- pgml up --foreground, or docker run --init"
        )
    address = "" if arguments.foreground else arguments.listen  # nobody is let in before all is set up
    with cluster.locked():
        cluster.start(arguments.port, address, arguments.password_file or None)
        cluster.create_database(DATABASE)
        with contextlib.closing(cluster.connect()) as connection:
            found = installation.server_python(connection)
        if not (found.has_pgml and found.folder and Path(found.folder).samefile(PACKAGE)):
            raise ServerError(
                f"the server was started with another pgml, in {found.folder}", hint="pgml down, then pgml up"
            )
        for sentence in installation.install_schema(cluster.dsn()):
            print(sentence, flush=True)
        if arguments.foreground:
            cluster.stop()
            cluster.foreground(arguments.port, arguments.listen)
    print(f"PostgreSQL {cluster.postgres.version} with pgml {pgml.__version__} runs on port {cluster.port}.")
    _print_connections(cluster)
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop the private server; its data stays."""
    cluster = Cluster()
    if not cluster.exists:
        print(f"There is no server in {cluster.home}.")
        return 0
    with cluster.locked():
        print(f"The server in {cluster.home} " + ("is stopped." if cluster.stop() else "was not running."))
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Say whether the private server runs, and how to reach it."""
    cluster = Cluster()
    if running := cluster.running:
        print(f"The server in {cluster.home} runs on port {running.port}, process {running.pid}.")
        _print_connections(cluster)
        return 0
    what = "The server in {} does not run: pgml up starts it." if cluster.exists else "There is no server in {}: pgml up makes one."
    print(what.format(cluster.home))
    return 3  # as pg_ctl and service scripts have it


def psql(arguments: Sequence[str]) -> NoReturn:
    """Run psql on the private server's database, as its owner."""
    cluster = Cluster()
    if not cluster.running:
        raise ServerError("the server does not run", hint="pgml up")
    elsewhere = ("PGHOSTADDR", "PGSERVICE")  # these would win over what follows
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    environment |= {"PGHOST": str(cluster.socket_folder), "PGPORT": str(cluster.port)}
    environment |= {"PGUSER": "postgres", "PGDATABASE": DATABASE}
    os.execve(cluster.postgres.program("psql"), ["psql", *arguments], environment)


def install(arguments: argparse.Namespace) -> int:
    """Install pgml in a database of a server that exists."""
    print("\n".join(installation.install(arguments.dsn)))
    return 0


def doctor(arguments: argparse.Namespace) -> int:
    """Say what is there and what is missing, with the command that brings it: on a server, or here."""
    from pgml.server.doctor import examine

    healthy = True
    for finding in examine(arguments.dsn):
        print(finding)
        healthy = healthy and (finding.there or not finding.needed)
    return 0 if healthy else 1


def plugins(arguments: argparse.Namespace) -> int:
    """List the plugins, what each provides, and why one cannot be used."""
    from pgml.plugin.registry import find_plugins

    registry = find_plugins()
    provided: dict[str, list[str]] = {}
    for (algorithm, objective), found in registry.algorithms.items():
        plugin = f"{found.plugin.name} {found.plugin.version}"
        provided.setdefault(plugin, []).append(f"{algorithm} ({objective})")
    for plugin, algorithms in sorted(provided.items()):
        print(f"{plugin}\n    {', '.join(sorted(algorithms))}")
    for failure in registry.failures:
        print(f"{failure.plugin.name} {failure.plugin.version}\n    FAILED: {failure.reason}")
    return 1 if registry.failures else 0


def new_plugin(arguments: argparse.Namespace) -> int:
    """Write the skeleton of a plugin: a package with one algorithm and its test."""
    from pgml.plugin.skeleton import write_plugin

    written = write_plugin(arguments.name, Path.cwd())
    print("\n".join(str(file.relative_to(Path.cwd())) for file in written))
    print(f"Next: cd {written[0].parent.name} && pip install --editable '.[test]' && pytest")
    return 0


def export(arguments: argparse.Namespace) -> int:
    """Write a model into a file: as ONNX, as SQL, in the format of its library, or as pgml keeps it."""
    from psycopg2 import Error

    from pgml.notebook.database import connect

    model = int(arguments.model) if arguments.model.isdecimal() else arguments.model
    try:
        with connect(arguments.dsn) as database:
            if arguments.format == "sql":
                exported = database.export_sql(model, arguments.function).encode()
            else:
                exported = database.export_model(model, arguments.format)
    except Error as error:
        raise ServerError(" ".join(str(error).split())) from error
    if arguments.output == "-":
        sys.stdout.buffer.write(exported)
        return 0
    try:
        Path(arguments.output).write_bytes(exported)
    except OSError as error:
        raise ServerError(f"cannot write {arguments.output}: {error.strerror}") from error
    print(f"{arguments.output}: {len(exported)} bytes")
    return 0


class Command:
    """A subcommand: the function it runs, and its arguments as `ArgumentParser.add_argument` takes them."""

    def __init__(self, run: Callable[[Any], int], *arguments: tuple[str, dict[str, Any]]):
        self.run = run
        self.arguments = arguments


def _argument(name: str, summary: str, **options: Any) -> tuple[str, dict[str, Any]]:
    return name, {"help": summary, **options}


def _port(word: str) -> int:
    if not (word.isdecimal() and 1 <= int(word) <= 65535):
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {word!r}")
    return int(word)


def _dsn(words: str) -> str:
    import psycopg2
    from psycopg2.extensions import parse_dsn

    try:
        parse_dsn(words)
    except psycopg2.ProgrammingError as error:
        raise argparse.ArgumentTypeError(
            f"a connection string is written as dbname=my_database or postgresql://host/my_database: {error}"
        ) from error
    return words


def _content(path: str) -> str:
    try:
        return Path(path).read_text().rstrip("\n")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot read {path}: {error.strerror}") from error


COMMANDS = {
    "up": Command(
        up,
        _argument("--port", "TCP port (default: the one it had before, at first 5433)", type=_port),
        _argument("--listen", "where to listen (%(default)s)", metavar="ADDRESS", default="127.0.0.1"),
        _argument("--password-file", "holds the password, else it is random", metavar="FILE", type=_content),
        _argument("--foreground", "become the server, as a container wants it", action="store_true"),
    ),
    "down": Command(down),
    "status": Command(status),
    "psql": Command(psql, _argument("arguments", "handed on to psql", metavar="ARG", nargs="*")),
    "install": Command(
        install, _argument("dsn", "libpq's connection string, else PG* variables", nargs="?", default="", type=_dsn)
    ),
    "doctor": Command(
        doctor,
        _argument("dsn", "libpq's connection string, else PG* variables, else the private server", nargs="?", default="", type=_dsn),
    ),
    "export": Command(
        export,
        _argument("model", "its number, or a project, whose deployed model it is", metavar="PROJECT_OR_ID"),
        _argument("dsn", "libpq's connection string, else PG* variables, else the private server", nargs="?", default="", type=_dsn),
        _argument("--format", "%(choices)s (%(default)s)", choices=("safetensors", "onnx", "native", "sql"), default="safetensors"),
        _argument("--function", "name of the function, with --format sql (%(default)s)", metavar="NAME", default="predict"),
        _argument("--output", "the file; - is the standard output", metavar="FILE", required=True),
    ),
    "plugins": Command(plugins),
    "new-plugin": Command(new_plugin, _argument("name", "of the algorithm, such as median", metavar="NAME")),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; what cannot work is told in one sentence on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words[:1] == ["psql"]:  # all that follows is psql's own, --help and --version too
            psql(words[1:])
        arguments = _parser().parse_args(words)
        status = COMMANDS[arguments.command].run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever reads has read enough; what is left has nowhere to go when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
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


def _print_connections(cluster: Cluster) -> None:
    """Print how to connect: through the socket as the owner, and by TCP with the password that is kept."""
    command = sys.argv[0] if shutil.which("pgml") != sys.argv[0] else "pgml"
    print(f"  here:          {shlex.quote(command)} psql")
    print(
        f"  with password: PGPASSFILE={shlex.quote(str(cluster.passwords.path))} "
        f"psql -h {LOCALHOST} -p {cluster.port} -U postgres {DATABASE}"
    )
