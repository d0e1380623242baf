"""Predictors as files that all backends map: one copy in memory however many connections use it.

The table stays the truth. A file is named by the digest of its bytes, checked against it when it is read, and
written again from the table when it is missing or damaged.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import time
from pathlib import Path
from typing import Any

from pgml.errors import CorruptPredictor

# Relative, because a backend's working directory is the server's data directory.
FOLDER = Path("pgml_predictors")
_UNUSED_SECONDS = 7 * 24 * 3600  # after which a file is removed


def read(digest: str) -> Any | None:
    """Return the mapped bytes of the file with that digest; None where there is none, or it is damaged."""
    path = FOLDER / digest
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # there is none, or it is empty
        return None
    if hashlib.sha256(mapped).hexdigest() != digest:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return mapped


def write(digest: str, predictor: bytes) -> Any:
    """Write the file and return its mapped bytes, or, where it cannot be written, the bytes as they are.

    Raises CorruptPredictor where the bytes do not have that digest.
    """
    if hashlib.sha256(predictor).hexdigest() != digest:
        raise CorruptPredictor(
            "the predictor in pgml.artifacts is not the one that was trained: its digest is another",
            hint="train the model again, or deploy another one",
        )
    temporary = FOLDER / f".{digest}.{os.getpid()}"
    try:
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        temporary.write_bytes(predictor)
        temporary.replace(FOLDER / digest)
    except OSError:  # a full disk must not stop predictions
        with contextlib.suppress(OSError):
            temporary.unlink()
        return predictor
    _remove_unused()
    return read(digest) or predictor


def _remove_unused() -> None:
    """Remove what no session has read for a week. Who has it mapped keeps it, who needs it writes it again."""
    oldest = time.time() - _UNUSED_SECONDS
    for path in FOLDER.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
