"""The engine of a session's predictions, which a backend and its parallel workers share."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from pgml.backend import process
from pgml.backend.engine import Engine
from pgml.wire.channel import Channel
from pgml.wire.note import Note

# Relative, because a backend's working directory is the server's data directory: absolute names of sockets may be too
# long. What has such a name is left out of backups, which would warn of each socket.
FOLDER = "pgsql_tmp_pgml_engines"

_PATIENCE = 0.05  # seconds to wait for an answer before PostgreSQL is asked whether to go on


class SharedEngine(Engine):
    """The engine that the processes of one session predict with: whoever needs it first starts it.

    It listens on two sockets named by the session's own process: the others connect to it. It ends when all of them
    are gone, or when one goes while it waits for an answer: then the query that they all work for has ended.
    It never waits through SQL, unlike the engine that trains.
    """

    def __init__(self, warn: Callable[[str], None]):
        super().__init__(wait=None, warn=warn)
        self._joined = False  # the engine that another process has started

    def asking(
        self, verb: str, attachments: Iterable[Any], **arguments: Any
    ) -> Generator[str, None, tuple[Any, list[bytearray]]]:
        """Return what :meth:`ask` returns, in steps: yield 'time' where it waits.

        The next step must follow within seconds: a cancelled statement leaves Python without a word, and the engine,
        which would be busy for nobody, then ends itself.
        """
        while not self._reached():
            yield "time"
        sending = self._channel.sending({"verb": verb, **arguments}, *attachments)
        while not self._guarded(lambda: next(sending, True)):
            self._expect(soon=True)
            yield "time"
        self._expect(soon=True)
        while not self._channel.ready(_PATIENCE) and self.running:
            yield "time"
            self._expect(soon=True)
        self._expect(soon=False)
        return self.answer()

    @property
    def running(self) -> bool:
        return not self._channel.ended if self._joined else super().running

    def stop(self, patience: float = 0) -> int | None:
        if not self._joined:
            return super().stop(patience)
        self._joined = False
        self._let_go()
        return None

    def _expect(self, soon: bool) -> None:
        """Say whether this process asks again within seconds."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended, which is noticed elsewhere
            os.write(self._lifeline, b"!" if soon else b".")

    def _reached(self) -> bool:
        """Start the engine or join it; return False where others are at it just now."""
        try:
            self._start()
        except BlockingIOError:
            return False
        return True

    def _start(self) -> None:
        if self.running:
            return
        self.stop()
        try:
            with _locked():
                if not self._join():
                    self._start_shared()
        except BlockingIOError:
            raise
        except OSError:  # a full disk must not stop predictions
            super()._start()

    def _join(self) -> bool:
        """Connect to the engine that another process has started; return False where there is none."""
        with contextlib.ExitStack() as opened:
            try:
                lifeline, line = (opened.enter_context(_connection(name)) for name in ("lifeline", "line"))
                note = Note(open(_path("note"), "rb", buffering=0))  # noqa: SIM115 (kept open until stop)
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            opened.pop_all()
        self._lifeline, self._note, self._channel = lifeline.detach(), note, Channel(line, self._pause)
        self._joined = True
        return True

    def _start_shared(self) -> None:
        _remove_unused()
        with contextlib.ExitStack() as opened:
            listeners = [opened.enter_context(_listener(name)) for name in ("lifeline", "line")]
            self._launch(lambda: Note(open(_path("note"), "w+b", buffering=0)), listeners)  # noqa: SIM115


def _path(name: str) -> str:
    """Return the path of what the processes of this session share under that name."""
    return os.path.join(FOLDER, f"{process.leader() or os.getpid()}.{name}")


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Have the block to this process alone; raise BlockingIOError where another one is at it."""
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    lock = os.open(os.path.join(FOLDER, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _connection(name: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.setblocking(False)
        connection.connect(_path(name))
        connection.setblocking(True)
    except BaseException:
        connection.close()
        raise
    return connection


def _listener(name: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(_path(name))
    listener.listen()
    return listener


def _remove_unused() -> None:
    """Remove the files of engines that have ended: of this session, and of all that are gone."""
    for entry in os.scandir(FOLDER):
        session = entry.name.partition(".")[0]
        if session.isdigit() and (entry.path.startswith(_path("")) or not _is_alive(int(session))):
            os.unlink(entry.path)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
