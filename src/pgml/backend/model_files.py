"""Predictors as files that all backends map: one copy in memory however many connections use it.

The table stays the truth. A file is named by the digest of its bytes, checked against it when it is read, and
written again from the table when it is missing or damaged. Parallel workers, which live for one query, do not check
again what only the server's user can have written.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
import time

from pgml.backend import process
from pgml.errors import CorruptPredictor
from pgml.predictors.read.stored import predictor_of

# Relative, because a backend's working directory is the server's data directory.
FOLDER = "pgml_predictors"
_UNUSED_SECONDS = 7 * 24 * 3600  # after which a file is removed

_as_mapped: dict[str, tuple[int, int, int]] = {}  # inode, time of the last change and size of each file that is mapped


def read(digest: str) -> mmap.mmap | None:
    """Return the mapped bytes of the file with that digest; None where there is none, or it is damaged."""
    path = os.path.join(FOLDER, digest)
    try:
        with open(path, "rb", opener=_open) as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            trusted = process.leader() is not None and _is_the_servers(file.fileno())
            found = os.fstat(file.fileno())
        if not trusted and hashlib.sha256(mapped).hexdigest() != digest:
            return None
        os.utime(path, ns=(time.time_ns(), found.st_mtime_ns))  # read, not changed
        _as_mapped[digest] = _state(found)
    except (OSError, ValueError):  # there is none, or it is empty
        return None
    return mapped


def write(digest: str, stored: bytes) -> mmap.mmap | bytes | bytearray:
    """Write the file of a predictor that was stored and return its mapped bytes, or, where it cannot be written, those in memory.

    The file has its name once all of it is on the disk: no crash leaves a part of it.

    Raises CorruptPredictor where it does not have that digest.
    """
    predictor = predictor_of(stored)
    if hashlib.sha256(predictor).hexdigest() != digest:
        raise CorruptPredictor(
            "the predictor in pgml_internal.artifacts is not the one that was trained: its digest is another",
            hint="train the model again, or deploy another one",
        )
    temporary = os.path.join(FOLDER, f".{digest}.{os.getpid()}")
    try:
        os.makedirs(FOLDER, mode=0o700, exist_ok=True)
        with open(temporary, "w+b", opener=_open) as file:
            file.write(predictor)
            file.flush()
            os.fsync(file.fileno())
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            _as_mapped[digest] = _state(os.fstat(file.fileno()))
        os.replace(temporary, os.path.join(FOLDER, digest))
        _remove_unused()
    except (OSError, ValueError):  # a full disk must not stop predictions, nor fill up with what is half-written
        _remove(temporary)
        return predictor
    return mapped


def is_as_mapped(digest: str) -> bool:
    """Return whether nobody has written to the file since it was mapped. One that was removed or replaced does no harm."""
    try:
        now = _state(os.stat(os.path.join(FOLDER, digest)))
    except OSError:
        return True
    before = _as_mapped.get(digest, now)
    return now == before or now[0] != before[0]


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _open(path: str, flags: int) -> int:
    """Open a file, not what a link names, nor wait for the other end of a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)


def _is_the_servers(descriptor: int) -> bool:
    """Return whether the open file, and the folder it lies in, belong to the server's user and none else may write."""
    file, folder = os.fstat(descriptor), os.lstat(FOLDER)
    if not (stat.S_ISREG(file.st_mode) and stat.S_ISDIR(folder.st_mode)):
        return False
    return all(one.st_uid == os.geteuid() and not one.st_mode & 0o022 for one in (file, folder))


def _remove_unused() -> None:
    """Remove what no session has read for a week. Who has it mapped keeps it, who needs it writes it again."""
    oldest = time.time() - _UNUSED_SECONDS
    for entry in os.scandir(FOLDER):
        found = entry.stat()
        if max(found.st_atime, found.st_mtime) < oldest:
            _remove(entry.path)


def _remove(path: str) -> None:
    """Remove a file, unless it is gone already or cannot be removed: another session will try again."""
    try:
        os.unlink(path)
    except OSError:
        return
