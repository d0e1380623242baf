"""What a backend is doing, and for whom: what PL/Python does not tell, from functions that the server exports.

``user()`` is the OID of the role whose privileges count now: in a function without SECURITY DEFINER, its caller.
``statement()`` is when the client's statement arrived, in microseconds; it tells one statement from the next.
"""

from __future__ import annotations

__all__ = ["statement", "user"]

try:
    from pgml.backend._process import statement, user
except ImportError:  # there was no compiler when pgml was installed
    import ctypes

    _server = ctypes.PyDLL(None)
    user, statement = _server.GetUserId, _server.GetCurrentStatementStartTimestamp
    user.argtypes, user.restype = (), ctypes.c_uint32
    statement.argtypes, statement.restype = (), ctypes.c_int64
