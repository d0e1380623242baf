"""What pgml changes in the backend that it runs in: whose rights count, what is cached, which functions an error mentions.

All of it is what PostgreSQL exports to every module that it loads. None of its functions called here raises an error.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_LOCAL_USERID_CHANGE = 1  # SECURITY_LOCAL_USERID_CHANGE of miscadmin.h: no SET ROLE under the other identity

_server = ctypes.PyDLL(None)


@contextmanager
def acting_as(role: int) -> Iterator[None]:
    """Have the block run with the rights of a role; afterwards, however it ends, the caller's are back."""
    before, context = ctypes.c_uint32(), ctypes.c_int()
    _server.GetUserIdAndSecContext(ctypes.byref(before), ctypes.byref(context))
    _server.SetUserIdAndSecContext(ctypes.c_uint32(role), ctypes.c_int(context.value | _LOCAL_USERID_CHANGE))
    try:
        yield
    finally:
        _server.SetUserIdAndSecContext(before, context)


def invalidate(relation: int) -> None:
    """Have every session forget what it keeps of a relation, which exists: this one now, others after the commit."""
    _server.CacheInvalidateRelcacheByRelid(ctypes.c_uint32(relation))


class _Frame(ctypes.Structure):
    """A function at work: ErrorContextCallback of elog.h, which adds a line to the CONTEXT of an error."""


_Frame._fields_ = [
    ("previous", ctypes.POINTER(_Frame)),
    ("callback", ctypes.c_void_p),
    ("argument", ctypes.c_void_p),
]
_ADDS_NOTHING = ctypes.cast(_server.GetUserId, ctypes.c_void_p).value  # as a callback


def hide_context(frames: int) -> None:
    """Leave the functions that called this one, the innermost ``frames``, out of the CONTEXT of an error to come.

    What pgml raises on purpose says all there is to say. The last of three frames is an SQL function, which
    PostgreSQL may have put into the statement that called it: what then stands there is not touched.
    """
    here = ctypes.POINTER(_Frame).in_dll(_server, "error_context_stack")
    frame = here.contents.previous
    plpgsql = frame.contents.callback if frame else None
    for place in range(frames):
        if not frame or (place == 2 and frame.contents.callback == plpgsql):
            return
        following = frame.contents.previous
        frame.contents.callback = _ADDS_NOTHING
        frame = following
