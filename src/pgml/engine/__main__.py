"""``python -m pgml.engine SOCKET LIFELINE NOTE CRASHED [LISTENERS]``: the engine's process. Only a session starts it.

The first three are open files, CRASHED is a JSON object: the plugins that are left out, each with the reason. Where
the session's parallel workers share the engine, they connect to two LISTENERS: for a lifeline, and for a socket.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import socket
import sys
from typing import TYPE_CHECKING

from pgml.engine import lifelines
from pgml.wire import note
from pgml.wire.channel import Channel, Closed

if TYPE_CHECKING:
    from pgml.engine.worker import Worker

_IDLE = 600  # seconds without a question, after which the engine ends: it holds some 200 MB
_FETCHING = 10  # seconds that a session may take to read a model from its table


def main() -> None:
    line, lifeline, written = (int(argument) for argument in sys.argv[1:4])
    listeners = [socket.socket(fileno=int(argument)) for argument in sys.argv[5:]]
    lines = [socket.socket(fileno=line), *listeners[1:]]
    note.keep(written)
    lifelines.watch(lifeline, listeners[0] if listeners else None, lines)
    _be_the_first_to_go()
    os.dup2(2, 1)  # what a plugin prints goes to the server's log

    from pgml.engine.worker import Worker

    worker = Worker(json.loads(sys.argv[4]))
    patience = float(os.environ.get("PGML_ENGINE_IDLE") or _IDLE)
    selector = selectors.DefaultSelector()
    for each in lines:
        selector.register(each, selectors.EVENT_READ)
    while selector.get_map() and (ready := selector.select(patience)):  # who asks again starts another engine
        for key, _ in ready:
            if key.fileobj in listeners:
                selector.register(key.fileobj.accept()[0], selectors.EVENT_READ)
                continue
            try:
                _serve(worker, Channel(key.fileobj))
            except Closed:
                selector.unregister(key.fileobj)
                key.fileobj.close()
    os.killpg(0, signal.SIGKILL)  # with all that plugins have started


def _serve(worker: Worker, channel: Channel) -> None:
    """Answer one question.

    Who is told that a model is needed first brings it before others are served: they would all have to bring it.
    """
    needed = True
    while needed:
        answer = worker.do(*channel.receive())
        if answer is None:
            return
        channel.send(*answer)
        worker.prepare()
        needed = answer[0].get("result", True) is None and channel.ready(_FETCHING)


def _be_the_first_to_go() -> None:
    """When memory runs out it must be the engine that is killed, not the database server."""
    if os.path.exists("/proc/self/oom_score_adj"):
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    megabytes = os.environ.get("PGML_ENGINE_MEMORY")
    limit = (
        int(megabytes) << 20
        if megabytes
        else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10 * 8
    )
    _, hardest = resource.getrlimit(resource.RLIMIT_DATA)
    if hardest != resource.RLIM_INFINITY:
        limit = min(limit, hardest)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


if __name__ == "__main__":
    main()
