"""What a backend is doing, and for whom: what PL/Python does not tell, from functions that the server exports.

``user()`` is the OID of the role whose privileges count now: in a function without SECURITY DEFINER, its caller.
``statement()`` tells one statement from the next, and in a procedure one transaction from the next: it is when the
later of the two began, in microseconds.
"""

from __future__ import annotations

__all__ = ["statement", "user"]

try:
    from pgml.backend._process import statement, user
except ImportError:  # there was no compiler when pgml was installed
    import ctypes

    _server = ctypes.PyDLL(None)
    user = _server.GetUserId
    user.argtypes, user.restype = (), ctypes.c_uint32
    _starts = (_server.GetCurrentStatementStartTimestamp, _server.GetCurrentTransactionStartTimestamp)
    for _start in _starts:
        _start.argtypes, _start.restype = (), ctypes.c_int64

    def statement() -> int:
        return max(start() for start in _starts)
