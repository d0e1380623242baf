"""What a backend is doing, and for whom: what PL/Python does not tell, from what the server exports.

``user()`` is the OID of the role whose privileges count now: in a function without SECURITY DEFINER, its caller.
``statement()`` tells one statement from the next, and in a procedure one transaction from the next: it is when the
later of the two began, in microseconds. ``leader()`` is the process that this one works for where it is a parallel
worker, which carries the number in its name, and None elsewhere.
"""

from __future__ import annotations

__all__ = ["leader", "statement", "user"]

try:
    from pgml.backend._process import leader, statement, user
except ImportError:  # there was no compiler when pgml was installed
    import ctypes
    import os

    _server = ctypes.PyDLL(None)
    user = _server.GetUserId
    user.argtypes, user.restype = (), ctypes.c_uint32
    _starts = (_server.GetCurrentStatementStartTimestamp, _server.GetCurrentTransactionStartTimestamp)
    for _start in _starts:
        _start.argtypes, _start.restype = (), ctypes.c_int64
    _parallel_worker_number = ctypes.c_int.in_dll(_server, "ParallelWorkerNumber")
    _background_worker = ctypes.c_char_p.in_dll(_server, "MyBgworkerEntry")  # a struct that opens with the name

    def statement() -> int:
        return max(start() for start in _starts)

    def leader() -> int | None:
        if _parallel_worker_number.value < 0:
            return None
        named, _, process = (_background_worker.value or b"").partition(b"parallel worker for PID ")
        return int(process) if not named and process.isdigit() else os.getpid()
