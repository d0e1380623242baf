"""Recognise a pickle, which is code: what a plugin saves may never be one."""

from __future__ import annotations

import io
import pickletools
import zipfile


def is_pickle(saved: bytes) -> bool:
    """Return whether the bytes are a pickle, of any protocol, or an archive with one in it, as PyTorch writes."""
    if saved[:1] == b"\x80" and saved[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return True
    if zipfile.is_zipfile(io.BytesIO(saved)):
        with zipfile.ZipFile(io.BytesIO(saved)) as archive:
            return any(name.endswith((".pkl", ".pickle")) for name in archive.namelist())
    if not saved.endswith(b"."):  # STOP, the last instruction; protocols 0 and 1 have no first one
        return False
    try:  # each instruction is read, none is done
        places = [place for _, _, place in pickletools.genops(saved)]
    except ValueError:
        return False
    return len(places) > 1 and places[-1] == len(saved) - 1
