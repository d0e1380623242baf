"""The process that ends the engine once those whom it works for are gone, or gone from their question.

A process of its own, because a plugin may keep the engine busy for hours.
"""

from __future__ import annotations

import math
import os
import select
import signal
import socket
import time
from collections.abc import Iterable

_PATIENCE = 5  # seconds; who waits for an answer says so twenty times a second


def watch(lifeline: int, listener: socket.socket | None, not_watched: Iterable[socket.socket]) -> None:
    """Start that process, which gets the lifeline and the listener to itself, and holds nothing open of the others.

    The session holds the other end of the lifeline; its parallel workers connect to the listener for one each. What is
    written there says whether its holder waits for an answer, "!", or not, ".". This whole process group ends when
    there is no lifeline left, and when a holder who waits is gone or says nothing for too long.
    """
    engine = os.getpid()
    if os.fork() == 0:
        try:
            for line in not_watched:
                line.close()
            _watch(engine, lifeline, listener)
        finally:
            os.killpg(0, signal.SIGKILL)
    os.close(lifeline)
    if listener is not None:
        listener.close()


def _watch(engine: int, lifeline: int, listener: socket.socket | None) -> None:
    """Return when it is time to end."""
    due = {lifeline: math.inf}  # when each who waits must have said something again
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    if listener is not None:
        poll.register(listener, select.POLLIN)
    while due and os.getppid() == engine:
        patience = min(due.values()) - time.monotonic()
        if patience < 0:
            return
        for descriptor, _ in poll.poll(None if patience == math.inf else 1000 * patience):
            if descriptor not in due:
                joined = listener.accept()[0].detach()
                due[joined] = math.inf
                poll.register(joined, select.POLLIN)
            elif said := os.read(descriptor, 4096):
                due[descriptor] = time.monotonic() + _PATIENCE if said.endswith(b"!") else math.inf
            elif due.pop(descriptor) < math.inf:
                return
            else:
                poll.unregister(descriptor)
                os.close(descriptor)
