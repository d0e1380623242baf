"""A private PostgreSQL server with PL/Python, in a folder of its own: create, start, stop, connect."""

from __future__ import annotations

import compileall
import contextlib
import errno
import fcntl
import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pgml
from pgml.errors import ServerError
from pgml.server import postgres, postmaster
from pgml.server.passwords import PasswordFile
from pgml.server.user import ServerUser

if TYPE_CHECKING:
    import psycopg2.extensions

PACKAGE = Path(pgml.__file__).parent
DATABASE = "pgml_development"
DEFAULT_PORT = 5433
LOCALHOST = "127.0.0.1"

# What the server is made with; all that belongs to its place (port, folders) is given at each start.
_SETTINGS = """
# pgml: a server for development, on one machine
wal_level = minimal                     # nothing replicates from here, so bulk loads need not be logged
max_wal_senders = 0
log_line_prefix = '%m [%p] %u@%d '
"""

# The owner comes in through the Unix socket by the name of the OS user; everybody else shows a password.
_AUTHENTICATION = """\
# TYPE  DATABASE  USER      ADDRESS  METHOD
local   all       postgres           peer map=owner
local   all       all                scram-sha-256
host    all       all       all      scram-sha-256
"""


def default_home() -> Path:
    """Return the folder of this environment's server: ``PGML_HOME``, else one that follows from where pgml is.

    A checkout's ``.venv`` has its server beside it in ``.pgml``; any other environment shares its user's.
    """
    if home := os.environ.get("PGML_HOME"):
        return Path(home).absolute()
    environment = Path(sys.prefix)
    if environment.name == ".venv" and (environment.parent / "sql" / "install.sql").exists():
        return environment.parent / ".pgml"
    if os.geteuid() == 0:
        return Path("/var/lib/pgml")  # the server's user cannot look into root's own folder
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "pgml"


class Cluster:
    """A private server whose files are all in one folder, ``home``.

    ``settings`` are PostgreSQL's own, and hold for every start that this object makes.
    """

    def __init__(self, home: Path | str | None = None, settings: Mapping[str, str] | None = None):
        self.home = Path(home).absolute() if home is not None else default_home()
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self.socket_folder = postmaster.socket_folder(self.home)
        self.passwords = PasswordFile(self.home / "pgpass")
        self.settings = dict(settings or {})

    @property
    def user(self) -> ServerUser:
        """The OS user that the server runs as."""
        return ServerUser.choose(self.data)

    @property
    def postgres(self) -> postgres.Postgres:
        """The programs that the server runs: those that made its data, or else the newest with PL/Python."""
        version = self.data / "PG_VERSION"
        return postgres.find(int(version.read_text()) if version.exists() else None)

    @property
    def exists(self) -> bool:
        """Whether the server has been created."""
        return self.data.exists()

    @property
    def running(self) -> postmaster.Postmaster | None:
        """The server's main process, None where it does not run. Raises ServerError for somebody else's server."""
        ServerUser.choose(self.data)
        return postmaster.find(self.data)

    @property
    def port(self) -> int:
        """The port it listens on, or the one it listened on last."""
        running = self.running
        return running.port if running else self.passwords.port or DEFAULT_PORT

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands from changing the server meanwhile."""
        self._make_home()
        lock = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def create(self) -> None:
        """Create the server's files, unless they are there."""
        if self.exists:
            return
        user, programs = self.user, self.postgres
        draft = self.home / "data.new"  # moved to its place when it is whole: an interrupted one is made anew
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        locale = "C.UTF-8" if sys.platform == "linux" else "C"
        user.run(
            [programs.program("initdb"), f"--pgdata={user.owns(draft)}", "--username=postgres"]
            + ["--encoding=UTF8", f"--locale={locale}", "--data-checksums", "--auth=reject"]
            + (["--no-sync"] if self.settings.get("fsync") == "off" else [])
        )
        with open(draft / "postgresql.conf", "a") as file:
            file.write(_SETTINGS)
        (draft / "pg_hba.conf").write_text(_AUTHENTICATION)
        owners = dict.fromkeys(("root", user.name))
        (draft / "pg_ident.conf").write_text("".join(f'owner "{owner}" postgres\n' for owner in owners))
        draft.rename(self.data)

    def start(self, port: int | None = None, address: str = LOCALHOST, password: str | None = None) -> None:
        """Create the server where there is none, and start it unless it runs.

        ``address`` is where it listens for TCP; empty for the Unix socket alone. The port is the one it had
        before where none is given. Raises ServerError, with the log's last words where PostgreSQL had any.
        """
        if running := self.running:
            if port not in (None, running.port):
                raise ServerError(
                    f"the server runs already, on port {running.port}",
                    hint=f"pgml down && pgml up --port {port}",
                )
            if password or not self.passwords.password:
                self._set_password(running.port, password)
            return
        port = port or self.port
        if address:
            postmaster.check_port_free(address, port)
        options = self._prepare(port, address)
        user, programs = self.user, self.postgres
        self.log.touch(mode=0o600)
        logged = user.owns(self.log).stat().st_size
        try:
            user.run(
                [programs.program("pg_ctl"), "start", "--silent", f"--pgdata={self.data}"]
                + [f"--log={self.log}", f"--options={shlex.join(options)}"],
                self.environment(),
            )
        except ServerError as error:
            with open(self.log, errors="replace") as file:
                file.seek(logged)
                said = "; ".join(line.partition("FATAL:")[2].strip() for line in file if "FATAL:" in line)
            raise ServerError(f"PostgreSQL did not start: {said or error}", hint=f"see {self.log}") from error
        self._set_password(port, password)

    def foreground(self, port: int | None = None, address: str = LOCALHOST) -> None:
        """Turn this process into the server, which must not run yet. Does not return."""
        port = port or self.port
        postmaster.check_port_free(address, port)
        options = self._prepare(port, address)
        program = self.postgres.program("postgres")
        environment, user = self.environment(), self.user
        os.chdir("/")
        user.become()
        os.execve(program, [program, "-D", str(self.data), *options], environment)

    def stop(self) -> bool:
        """Stop the server, ending its sessions; return whether it ran."""
        if not self.running:
            return False
        pg_ctl = self.postgres.program("pg_ctl")
        self.user.run([pg_ctl, "stop", f"--pgdata={self.data}", "--mode=fast", "--silent"])
        return True

    def environment(self) -> dict[str, str]:
        """Return the environment of the server's processes: what lets them find pgml and the engine's interpreter."""
        others = ("PYTHON", "PG", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        # PL/Python takes the environment of the python3 that is first on PATH for its own: let that be none.
        kept |= {"HOME": self.user.home, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"}
        return kept | {"PYTHONPATH": str(PACKAGE.parent), "PGML_PYTHON": sys.executable}

    def create_database(self, name: str) -> None:
        """Create a database of the running server, unless it is there."""
        from psycopg2 import sql

        with contextlib.closing(self.connect("postgres")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def dsn(self, database: str = DATABASE) -> str:
        """Return the owner's connection string, through the Unix socket."""
        from psycopg2.extensions import make_dsn

        return make_dsn(host=str(self.socket_folder), port=self.port, user="postgres", dbname=database)

    def connect(self, database: str = DATABASE) -> psycopg2.extensions.connection:
        """Connect as the owner; each statement commits by itself."""
        import psycopg2

        connection = psycopg2.connect(self.dsn(database))
        connection.autocommit = True
        return connection

    def _make_home(self) -> None:
        try:
            with contextlib.suppress(FileExistsError):
                self.home.mkdir(parents=True)
                self.home.chmod(0o755)  # whatever the umask: the server's user has to get through
            if not os.access(self.home, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise ServerError(
                f"cannot write to the server's folder {self.home}: {error.strerror}",
                hint="set PGML_HOME to another one, or run this as its owner",
            ) from error

    def _prepare(self, port: int, address: str) -> list[str]:
        """Make the server ready to start, and return the server's options."""
        user, programs = self.user, self.postgres
        mine = f"{sys.version_info.major}.{sys.version_info.minor}"
        if programs.python_version not in (None, mine):
            raise ServerError(
                f"PL/Python of PostgreSQL {programs.version} runs Python {programs.python_version}, but pgml is "
                f"installed in an environment of Python {mine}",
                hint=f"make the environment with python{programs.python_version} -m venv",
            )
        self._make_home()
        user.check_reads(PACKAGE, self.home)
        # Backends may not write bytecode where root installed the package, and would parse it in each session.
        compileall.compile_dir(PACKAGE, quiet=2)
        self.create()
        postmaster.make_private(self.socket_folder, user.uid, user.gid)
        postmaster.clear_stale(self.data, self.socket_folder)
        place = {"port": port, "listen_addresses": address, "unix_socket_directories": self.socket_folder}
        return [word for name, value in (place | self.settings).items() for word in ("-c", f"{name}={value}")]

    def _set_password(self, port: int, password: str | None) -> None:
        """Keep the owner's password (the one given, the one kept before, or a new one) and tell the server."""
        from psycopg2.extensions import encrypt_password

        kept = self.passwords.keep(port, password)
        with contextlib.closing(self.connect("postgres")) as connection, connection.cursor() as cursor:
            secret = encrypt_password(kept, "postgres", connection, "scram-sha-256")
            cursor.execute("ALTER ROLE postgres PASSWORD %s", (secret,))
