"""What the engine is doing, written where the session reads it, also when the engine hangs or has died."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from typing import IO

_LONGEST = 1000  # characters
_LONGEST_NOTE = 16 * _LONGEST  # bytes: each character may take six of them, and there is a plugin's name
_SIZE = 4  # bytes of the length, in front of the text


class Note:
    """A sentence in a file that the session and its engine both hold open; a nameless one unless it is given.

    Writing it costs a microsecond, and neither has to wait for the other, as it would for a message.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file = file or tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (kept open until close)
        self.descriptor = self._file.fileno()

    def read(self) -> tuple[str, str]:
        """Return what the engine does, and the plugin that it imports; empty where it does nothing of the kind."""
        written = os.pread(self.descriptor, _SIZE + _LONGEST_NOTE, 0)
        length = int.from_bytes(written[:_SIZE], "big")
        try:
            doing, importing = json.loads(written[_SIZE : _SIZE + length])
        except ValueError:  # nothing was written yet, or it is being written just now
            return "", ""
        return doing, importing

    def close(self) -> None:
        self._file.close()


_descriptor: int | None = None  # in the engine: the session's note
_now = "", ""


def keep(descriptor: int) -> None:
    """Have this process, the engine, write to its session's note from now on."""
    global _descriptor
    _descriptor = descriptor


@contextlib.contextmanager
def noted(doing: str, importing: str = "") -> Iterator[None]:
    """Note what the engine does while the block runs; then it does again what it did before."""
    before = _now
    _write(doing, importing)
    try:
        yield
    finally:
        _write(*before)


def _write(doing: str, importing: str) -> None:
    global _now
    _now = doing, importing
    if _descriptor is not None:
        text = json.dumps([doing[:_LONGEST], importing]).encode()
        os.pwrite(_descriptor, len(text).to_bytes(_SIZE, "big") + text, 0)
