"""``python -m pgml.engine SOCKET LIFELINE NOTE CRASHED``: the engine's process. A session starts it; nobody else does.

The first three are open files, CRASHED is a JSON object: the plugins that are left out, each with the reason.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import sys

from pgml.wire import note
from pgml.wire.channel import Channel, Closed

_IDLE = 600  # seconds without a question, after which the engine ends: it holds some 200 MB
_PATIENCE = 5  # seconds; a session that predicts asks twenty times a second


def main() -> None:
    line, lifeline, written = (int(argument) for argument in sys.argv[1:4])
    note.keep(written)
    _watch(lifeline, line)
    _be_the_first_to_go()
    os.dup2(2, 1)  # what a plugin prints goes to the server's log

    from pgml.engine.worker import Worker

    channel = Channel(socket.socket(fileno=line))
    worker = Worker(json.loads(sys.argv[4]))
    patience = float(os.environ.get("PGML_ENGINE_IDLE") or _IDLE)
    while channel.ready(patience):  # the session starts another where it asks again
        try:
            message, attachments = channel.receive()
            answer = worker.do(message, attachments)
            if answer is not None:
                channel.send(*answer)
                worker.prepare()
        except Closed:
            break
    os.killpg(0, signal.SIGKILL)  # with all that plugins have started


def _watch(lifeline: int, line: int) -> None:
    """Start the process that ends this whole process group once the session is gone, or gone from its question.

    A process of its own, because a plugin may keep this one busy for hours. The session holds the other end of
    the lifeline. What it writes there says whether it asks again within seconds (see ``Engine.expect``).
    """
    if os.fork() > 0:
        os.close(lifeline)
        return
    os.close(line)
    said = b"."
    while said:
        patience = _PATIENCE if said.endswith(b"!") else None
        said = os.read(lifeline, 4096) if select.select([lifeline], [], [], patience)[0] else b""
    os.killpg(0, signal.SIGKILL)


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
