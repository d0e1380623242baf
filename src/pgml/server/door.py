"""The fast door: pgml's PostgreSQL module in C, built on this machine for the version of a server that runs here."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pgml
from pgml.errors import ServerError
from pgml.server import postgres

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

_PACKAGE = Path(pgml.__file__).parent
_FOLDER = _PACKAGE / "backend" / "c"
# Results are to be the same through both doors: the evaluator is built as pyproject.toml has it.
_FLAGS = ["-O3", "-std=gnu11", "-fPIC", "-shared", "-fvisibility=hidden"]
_FLAGS += ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-Wno-clobbered"]
_OF_PYTHON = ("python.c", "process.c", "stored.c", "arrange.c")

_ELF_HEADER = 64  # bytes
_CUT_OFF = "the file is cut off, or none that can be loaded"

# Relative, because a backend's working directory is the server's data directory.
KEPT = "pgml_modules"

# Run by the server, as its own user. The file has its name once all of it is on the disk.
_KEEP = """
CREATE FUNCTION pg_temp.pgml_keep(source text, target text) RETURNS text LANGUAGE plpython3u AS $$
import os
def content(path):
    with open(path, "rb") as file:
        return file.read()
draft = f"{target}.{os.getpid()}"
try:
    module = content(source)
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    if not os.path.exists(target) or content(target) != module:
        try:
            with open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o700)) as file:
                file.write(module)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, target)
        finally:
            if os.path.exists(draft):
                os.unlink(draft)
except OSError as error:
    return f"{error.filename}: {error.strerror}"
$$
"""


def module(version: int) -> Path:
    """Return where the module for a major version of PostgreSQL is, or would be, for just these sources."""
    return _FOLDER / f"pgml_door-{version}-{_fingerprint()}.so"


def build(version: int) -> Path:
    """Return the module for a major version of PostgreSQL, built unless it is there.

    Raises ServerError, with what to do, where there is no compiler, no server's headers, or no place for it.
    """
    target = module(version)
    if _is_there(target):
        return target
    compiler = shutil.which("cc")
    if compiler is None:
        raise ServerError("there is no C compiler", hint="apt-get install gcc libc6-dev")
    command = [compiler, *_FLAGS, f"-I{headers(version)}", *map(str, _sources()), "-lm"]
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder, "module.so")
        done = subprocess.run([*command, "-o", built], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
            raise ServerError(f"the compiler refuses it: {said.strip()}")
        try:
            _put(built.read_bytes(), target)
        except OSError as error:
            raise ServerError(
                f"it cannot be written to {_FOLDER}: {error.strerror}",
                hint="run pgml install once as the owner of that folder",
            ) from error
    return target


def check(connection: Connection, path: Path | str) -> None:
    """Raise ServerError where the server cannot load the module. A relative path is one in its data directory."""
    import psycopg2
    from psycopg2 import sql

    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_read_binary_file(%(path)s, 0, %(header)s, true), (pg_stat_file(%(path)s, true)).size",
                {"path": str(path), "header": _ELF_HEADER},
            )
            ((opening, size),) = cursor.fetchall()
            if opening is not None and not _is_whole(bytes(opening), size):  # which would end the server
                raise ServerError(_CUT_OFF)
            cursor.execute(sql.SQL("LOAD {}").format(sql.Literal(str(path))))
    except psycopg2.Error as error:
        raise ServerError(f"the server cannot load it: {' '.join(str(error).split())}") from error


def keep(connection: Connection, path: Path) -> str:
    """Have the server copy a module that it can load into its data directory; return the path, relative to that.

    There it is as long as the functions that are declared with it, whatever becomes of the package; a copy of the
    directory, such as a standby, has it as well. Raises ServerError where the server cannot, or loads nothing from there.
    """
    import psycopg2

    target = f"{KEPT}/{path.name}"
    with connection.cursor() as cursor:
        try:
            cursor.execute("BEGIN; SET LOCAL client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS plpython3u")
            cursor.execute(_KEEP)
            cursor.execute("SELECT pg_temp.pgml_keep(%s, %s)", (str(path), target))
            ((reason,),) = cursor.fetchall()
        except psycopg2.Error as error:
            reason = " ".join(str(error).split())
        cursor.execute("ROLLBACK")
    if reason is not None:
        raise ServerError(f"it cannot be copied into the server's data directory: {reason}")
    check(connection, target)
    return target


def headers(version: int) -> Path:
    """Return the folder of the server's headers: the server's own, or those of Debian's package, which is fetched.

    Raises ServerError, with what to do, where they are not to be had.
    """
    for installed in postgres.installed():
        if installed.version == version and (folder := installed.headers) is not None:
            return folder
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user without a home
        raise ServerError("the server's development headers have no place", hint="name one: XDG_CACHE_HOME=/a/folder") from None
    unpacked = cache / "pgml" / "headers" / str(version)
    found = unpacked / "usr" / "include" / "postgresql" / str(version) / "server"
    if not (found / "postgres.h").exists():
        _unpack(f"postgresql-server-dev-{version}", unpacked)
    return found


def _put(module: bytes, target: Path) -> None:
    """Write the file, whole and for everybody to read from its first moment on, whatever others do at the same time."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o755)) as file:
            os.fchmod(file.fileno(), 0o755)
            file.write(module)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _is_there(path: Path) -> bool:
    """Return whether there is a module that is not cut off."""
    try:
        with open(path, "rb") as file:
            return _is_whole(file.read(_ELF_HEADER), os.fstat(file.fileno()).st_size)
    except OSError:
        return False


def _is_whole(opening: bytes, size: int) -> bool:
    """Return whether a file of that beginning and size is all of a module: in an ELF file, the table of sections comes last."""
    if not sys.platform.startswith("linux"):
        return size > 0
    if len(opening) < _ELF_HEADER or opening[:5] != b"\x7fELF\x02":
        return False
    (table,), (entry, count) = struct.unpack_from("=Q", opening, 40), struct.unpack_from("=HH", opening, 58)
    return table > 0 and table + entry * count <= size


def _sources() -> list[Path]:
    folders = (_FOLDER, _PACKAGE / "predictors" / "c")
    return sorted(path for folder in folders for path in folder.glob("*.c") if path.name not in _OF_PYTHON)


@functools.cache
def _fingerprint() -> str:
    """Return what tells one state of the sources from another."""
    hashed = hashlib.sha256(" ".join(_FLAGS).encode())
    for path in [*_sources(), *sorted(_FOLDER.glob("*.h")), *sorted((_PACKAGE / "predictors" / "c").glob("*.h"))]:
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:12]


def _unpack(package: str, target: Path) -> None:
    """Unpack a Debian package into a folder: to install it would bring clang and LLVM, which nothing here needs."""
    hint = f"apt-get install {package}, or what your system calls the server's development headers"
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise ServerError("the server's development headers are not installed", hint=hint)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as name:
            folder = Path(name)
            _run("apt-get", "download", "-o", "APT::Sandbox::User=root", package, folder=folder, hint=hint)
            [archive] = folder.glob("*.deb")
            _run("dpkg-deb", "--extract", archive.name, "unpacked", folder=folder, hint=hint)
            with contextlib.suppress(OSError):  # another command was faster, and may be reading there already
                (folder / "unpacked").rename(target)
    except OSError as error:
        raise ServerError(f"{target} cannot be made for the server's development headers: {error.strerror}", hint=hint) from error


def _run(*command: str, folder: Path, hint: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise ServerError(f"the server's development headers cannot be fetched: {said}", hint=hint)
