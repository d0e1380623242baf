"""The session's end of the engine: start it, ask it, stop it at once, notice that it died."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pgml import errors
from pgml.backend.interpreter import interpreter
from pgml.wire.channel import Channel, Closed
from pgml.wire.note import Note


class Engine:
    """The engine of one session: a child process, started when it is first asked and kept warm.

    ``wait`` is called every few milliseconds while the engine works; what it raises (a cancelled or timed out
    statement) ends the engine at once. ``interrupted`` is what the last engine was doing when it was ended, or ended
    itself. ``warn`` is given each warning of a plugin or library.
    """

    def __init__(self, wait: Callable[[], None] | None, warn: Callable[[str], None]):
        self._wait = wait
        self._warn = warn
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel
        self._lifeline: int
        self._note: Note
        self._crashed: dict[str, str] = {}  # plugins that ended an engine when they were imported, and how
        self.interrupted = ""

    def ask(self, verb: str, attachments: Iterable[Any] = (), **arguments: Any) -> tuple[Any, list[bytearray]]:
        """Return the engine's result and its attachments.

        Raises:
            PgmlError: what the engine refuses, as the class it was raised as there.
            EngineDied: the engine ended before it answered; the next call starts another.
        """
        running, known = self.running, len(self._crashed)
        try:
            self.tell(verb, attachments, **arguments)
            return self.answer()
        except errors.EngineDied:
            was_idle = running and not self.interrupted
            if self.running or not was_idle and len(self._crashed) == known:  # it lives, and speaks of another
                raise
        return self.ask(verb, attachments, **arguments)  # by a new engine, without a plugin that crashes it

    def tell(self, verb: str, attachments: Iterable[Any] = (), **arguments: Any) -> None:
        """Send what has no answer, or one that is collected with :meth:`answer` later."""
        self._start()
        self._guarded(lambda: self._channel.send({"verb": verb, **arguments}, *attachments))

    def answer(self) -> tuple[Any, list[bytearray]]:
        """Return the answer to what was told last, waiting for it."""
        message, attachments = self._guarded(lambda: self._channel.receive())
        for warning in message.get("warnings", ()):
            self._warn(warning)
        if "error" in message:
            raise _error(message["error"])
        return message["result"], attachments

    def forget(self) -> None:
        """Have the engine let go of the training that has ended: an idle session must not hold a matrix."""
        if self.running:
            with contextlib.suppress(errors.EngineDied):
                self.tell("end")

    @property
    def running(self) -> bool:
        """Whether there is a live engine, which remembers what it was told."""
        return self._process is not None and self._process.poll() is None

    def stop(self, patience: float = 0) -> int | None:
        """End the engine and all that it started; return how it ended (see ``subprocess``), None if none ran.

        One that is about to end by itself is given ``patience`` seconds, so that its own status is returned.
        """
        if self._process is None:
            return None
        process, self._process = self._process, None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        with contextlib.suppress(ProcessLookupError):  # all of it is gone already
            os.killpg(process.pid, signal.SIGKILL)
        self._let_go()
        return process.wait()

    def _let_go(self) -> None:
        os.close(self._lifeline)
        self._channel.close()
        self._note.close()

    def _start(self) -> None:
        if self.running:
            return
        self.stop()  # what is left of one that died while nobody looked
        self._launch(Note)

    def _launch(self, new_note: Callable[[], Note], listeners: Iterable[socket.socket] = ()) -> None:
        """Start the process. It serves those, too, who connect to the listeners: see ``pgml.engine``."""
        command = [interpreter(), "-m", "pgml.engine"]
        with contextlib.ExitStack() as opened:  # closed again where the engine does not start
            try:
                ours, theirs = map(opened.enter_context, socket.socketpair())
                alive, lifeline = os.pipe()
                for descriptor in (alive, lifeline):
                    opened.callback(os.close, descriptor)
                note = opened.enter_context(contextlib.closing(new_note()))
                files = (theirs.fileno(), alive, note.descriptor)
                listening = [listener.fileno() for listener in listeners]
                self._process = subprocess.Popen(
                    [*command, *map(str, files), json.dumps(self._crashed), *map(str, listening)],
                    pass_fds=(*files, *listening),
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # a process group of its own, so that all of it can be ended at once
                    cwd="/",  # the session's is the data directory, whose files are nothing to import
                    env=_environment(),
                )
            except OSError as error:
                raise errors.EngineDied(
                    f"the engine could not be started: {error.strerror}",
                    hint="the machine has no more processes, memory or open files to give",
                ) from error
            opened.pop_all()
        theirs.close()
        os.close(alive)
        self._lifeline, self._note, self._channel = lifeline, note, Channel(ours, self._pause)

    def _pause(self) -> None:
        """Let the session act, or notice that the engine has ended: a child of it may still hold the line open."""
        if not self.running:
            raise Closed
        if self._wait is not None:
            self._wait()

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """Do ``action``; end the engine where it fails, and say how where it was the engine that failed."""
        try:
            return action()
        except Closed:
            self.interrupted, importing = self._note.read()
            died = _ending(self.stop(patience=1))
        except BaseException:
            self.interrupted, _ = self._note.read()
            self.stop()
            raise
        if importing:
            self._crashed[importing] = f"it ended the engine when it was imported: {died}"
        when = f"while {self.interrupted}" if self.interrupted else "before it answered"
        raise errors.EngineDied(
            f"the engine ended {when}: {died}",
            hint="the algorithm's code crashed, or the machine or the engine's limit ran out of memory; "
            "the server's log has what it printed",
        )


def _environment() -> dict[str, str]:
    """Return the engine's environment: the server's, with this package in front.

    Threads of OpenMP and OpenBLAS spin for microseconds before they sleep, not for milliseconds: as fast where
    a processor is free, and twenty times as fast where other sessions keep them all busy. joblib's loky is
    spared looking for the number of processors, which it does with programs that a server may lack.
    """
    defaults = {
        "GOMP_SPINCOUNT": "1000",
        "OPENBLAS_THREAD_TIMEOUT": "15",  # 2 ** 15 cycles
        "LOKY_MAX_CPU_COUNT": str(os.cpu_count()),
        "PYTHONSAFEPATH": "1",
    }
    return {**defaults, **os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def _error(described: dict[str, Any]) -> errors.PgmlError:
    kind = getattr(errors, described.pop("kind"), errors.PgmlError)
    return kind(described.pop("message"), **described)


def _ending(status: int | None) -> str:
    if status is None:
        return "another process of the query had started it"
    if status < 0:
        return f"it was killed by signal {-status} ({signal.Signals(-status).name})"
    return f"it exited with status {status}"
