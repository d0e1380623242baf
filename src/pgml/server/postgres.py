"""The PostgreSQL programs on this machine, and the Python that their PL/Python is linked with."""

from __future__ import annotations

import functools
import glob
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pgml.errors import ServerError

# Where packages put the server's programs: Debian, PGDG's RPMs, Homebrew on either kind of Mac, Postgres.app.
_BIN_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


@dataclass(frozen=True)
class Postgres:
    """One installation of PostgreSQL: its major version and the folder of its programs."""

    version: int
    bin: Path

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.bin / name)

    @functools.cached_property
    def plpython(self) -> Path | None:
        """The shared library of PL/Python, None where it is not installed."""
        home = self.bin.parent
        folders = [home / "lib", home / "lib" / "postgresql", home / "lib64" / "pgsql"]
        if (self.bin / "pg_config").exists():
            folders.insert(0, Path(_output([self.program("pg_config"), "--pkglibdir"]).strip()))
        for folder in folders:
            for suffix in ("so", "dylib"):
                if (library := folder / f"plpython3.{suffix}").exists():
                    return library
        return None

    @property
    def headers(self) -> Path | None:
        """The folder of the server's development headers, None where they are not installed."""
        told = _output([self.program("pg_config"), "--includedir-server"]).strip() if (self.bin / "pg_config").exists() else ""
        folder = Path(told or f"/usr/include/postgresql/{self.version}/server")
        return folder if (folder / "postgres.h").exists() else None

    @functools.cached_property
    def python_version(self) -> str | None:
        """The Python that PL/Python runs, as "3.11"; None without PL/Python or where the linker does not say."""
        if self.plpython is None:
            return None
        lister = ["otool", "-L"] if shutil.which("ldd") is None else ["ldd"]
        linked = re.search(r"(?:libpython|Versions/)(3\.\d+)", _output([*lister, str(self.plpython)]))
        return linked and linked[1]

    @property
    def plpython_command(self) -> str:
        """The command that installs PL/Python for this version."""
        return f"apt-get install postgresql-plpython3-{self.version}"


def installed() -> list[Postgres]:
    """Return every PostgreSQL server installation found, newest first."""
    folders = [Path(folder) for pattern in _BIN_FOLDERS for folder in glob.glob(pattern)]
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    found = {}
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            version = re.search(r"(\d+)", _output([str(folder / "postgres"), "--version"]))
            if version:
                found.setdefault(folder.resolve(), Postgres(int(version[1]), folder))
    return sorted(found.values(), key=lambda postgres: postgres.version, reverse=True)


def find(version: int | None = None) -> Postgres:
    """Return the newest PostgreSQL with PL/Python, or the one of a given major version.

    Raises ServerError, with the command that brings what is missing.
    """
    servers = [postgres for postgres in installed() if version in (None, postgres.version)]
    if not servers:
        wanted = "PostgreSQL" if version is None else f"PostgreSQL {version}, which made this server's data,"
        package = "postgresql" if version is None else f"postgresql-{version}"
        raise ServerError(f"{wanted} is not installed", hint=f"apt-get install {package}")
    for postgres in servers:
        if postgres.plpython is not None:
            return postgres
    newest = servers[0]
    raise ServerError(f"PostgreSQL {newest.version} has no PL/Python", hint=newest.plpython_command)


def _output(command: list[str]) -> str:
    """Return what a program prints, nothing where it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
