"""A session with the server as the tests use one: its statements, the errors it gets, and its processes."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

# What an SQL author must never see: PostgreSQL's codes for a bug, and the names of Python's exceptions.
BUGS = ("XX000", "XX001", "38000", "ML000")
PYTHON = re.compile(r"\b[A-Z]\w*(Error|Exception)\b|Traceback|NoneType|pgml\.errors")


# Seconds within which something happens that would otherwise take minutes, or never come. Measured, it is about a tenth
# of a second where a processor is free; how busy the machine is with other things is not what the tests ask.
AT_ONCE = 100.0


class Session:
    """A connection that commits each statement, unless the test sends BEGIN."""

    def __init__(self, connection: Connection):
        self.connection = connection
        self.pid: int = connection.info.backend_pid

    def execute(self, statement: str, *parameters: Any) -> list[tuple]:
        """Run a statement and return its rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *parameters: Any) -> Any:
        """Return the one value of the one row that a statement returns."""
        ((value,),) = self.execute(statement, *parameters)
        return value

    def refused(self, statement: str, *parameters: Any) -> psycopg2.Error:
        """Run a statement that must fail, and not through a bug; return the error."""
        with pytest.raises(psycopg2.Error) as caught:
            self.execute(statement, *parameters)
        check_clean(caught.value)
        return caught.value

    def train(self, project: str, *arguments: Any, **named: Any) -> tuple:
        """Call pgml.train and return its row."""
        words = ["%s"] * (1 + len(arguments)) + [f"{name} => %s" for name in named]
        (row,) = self.execute(
            f"SELECT * FROM pgml.train({', '.join(words)})", project, *arguments, *named.values()
        )
        return row

    def predict(self, project: str, features: list) -> float:
        return self.value("SELECT pgml.predict(%s, %s::float8[])", project, features)

    @property
    def notices(self) -> list[str]:
        return self.connection.notices


def check_clean(error: psycopg2.Error) -> None:
    """Assert that an error is a message for people, from an SQL state that says what is wrong."""
    said = f"{error.diag.message_primary} {error.diag.message_detail} {error.diag.message_hint}"
    assert error.pgcode not in (None, *BUGS), f"{error.pgcode}: {error}"
    assert not PYTHON.search(said), said


def processes() -> Iterator[tuple[int, int, int]]:
    """Yield (pid, parent, process group) of every process that has not ended."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state, parent, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state != "Z":
                yield int(folder.name), int(parent), int(group)


def engines(backend: int) -> set[int]:
    """Return the process groups of a backend's engines: each is named by the engine's own process."""
    return {group for pid, parent, group in processes() if parent == backend and group == pid}


def group_members(group: int) -> list[int]:
    """Return the processes of a group."""
    return [pid for pid, _, of in processes() if of == group]


def fits(engine: int, reader: Session) -> bool:
    """Return whether an engine has noted that it fits. A superuser's session reads the note, which is its user's."""
    command = (Path("/proc") / str(engine) / "cmdline").read_bytes().split(b"\0")
    if b"pgml.engine" not in command:  # it is about to be
        return False
    note = command[command.index(b"pgml.engine") + 3].decode()
    return reader.value(
        "SELECT pg_read_binary_file(%s, 0, 10000, true) LIKE '%%\"fitting: %%'", f"/proc/{engine}/fd/{note}"
    )


def blocked(session: Session, by: Session) -> bool:
    """Return whether a session waits for a lock that another one has."""
    return by.value("SELECT pg_backend_pid() = ANY (pg_blocking_pids(%s))", session.pid)


def meanwhile(action: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Begin to do something in another thread, which nobody waits for where the test fails; return its future."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(action(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def eventually(condition: Callable[[], bool]) -> float:
    """Wait until a condition holds and return how many seconds that took; fail where it does not come."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < AT_ONCE, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - started


def resident(pid: int) -> int:
    """Return the bytes of memory that a process alone uses."""
    pages = (Path("/proc") / str(pid) / "statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")


def most_resident(pid: int) -> int:
    """Return the most bytes of memory that a process has used at any time."""
    for line in (Path("/proc") / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not say")
