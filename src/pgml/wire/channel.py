"""How a session and its engine talk: messages of JSON with raw bytes attached, over a socket."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

_LENGTHS = struct.Struct(">QQ")  # of the JSON, and how many attachments follow
_LENGTH = struct.Struct(">Q")  # of one attachment, in front of it

PATIENCE = 0.02  # seconds between two looks at whether the session wants to stop


class Closed(Exception):
    """The other end is gone."""


class Channel:
    """One end of the line. Messages are dictionaries of JSON values, attachments are bytes.

    ``wait`` is called every ``PATIENCE`` seconds while the line is blocked; what it raises ends the waiting.
    """

    def __init__(self, line: socket.socket, wait: Callable[[], None] | None = None):
        self._line = line
        self._wait = wait
        self._line.settimeout(PATIENCE if wait else None)

    def send(self, message: dict[str, Any], *attachments: Any) -> None:
        """Send a message; raise Closed where nobody reads it any more."""
        for _ in self.sending(message, *attachments):
            self._wait()

    def sending(self, message: dict[str, Any], *attachments: Any) -> Iterator[None]:
        """Do the same in steps: yield every ``PATIENCE`` seconds while the line is blocked."""
        text = json.dumps(message).encode()
        yield from self._send(_LENGTHS.pack(len(text), len(attachments)) + text)
        for attachment in attachments:
            yield from self._send(_LENGTH.pack(len(attachment)))
            yield from self._send(attachment)

    def receive(self) -> tuple[dict[str, Any], list[bytearray]]:
        """Return the next message and its attachments; raise Closed where none will come."""
        length, count = _LENGTHS.unpack(self._receive(_LENGTHS.size))
        message = json.loads(self._receive(length))
        attachments = [self._receive(_LENGTH.unpack(self._receive(_LENGTH.size))[0]) for _ in range(count)]
        return message, attachments

    def ready(self, timeout: float) -> bool:
        """Return whether something can be received, waiting at most ``timeout`` seconds for it."""
        import select

        poll = select.poll()  # select() knows no descriptor beyond 1023, and a busy backend has more
        poll.register(self._line, select.POLLIN)
        return bool(poll.poll(1000 * timeout))

    @property
    def ended(self) -> bool:
        """Whether the other end is gone, and all that it sent was received."""
        try:
            return self.ready(0) and not self._line.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def close(self) -> None:
        self._line.close()

    def _send(self, data: Any) -> Iterator[None]:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._line.send(rest) :]
            except TimeoutError:
                yield
            except OSError as error:
                raise Closed from error

    def _receive(self, size: int) -> bytearray:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            try:
                count = self._line.recv_into(rest)
            except TimeoutError:
                self._wait()
                continue
            except OSError as error:
                raise Closed from error
            if count == 0:
                raise Closed
            rest = rest[count:]
        return data
