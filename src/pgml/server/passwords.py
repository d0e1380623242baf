"""The password of a private server's owner, kept in a file that libpq reads (PGPASSFILE), with the port."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from pgml.errors import ServerError


class PasswordFile:
    """A password file that only its owner reads: one line for each name of this machine."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def port(self) -> int | None:
        """The port that the password is for, None before there is one."""
        entry = self._entry()
        return entry and int(entry[0])

    @property
    def password(self) -> str | None:
        """The password, None before there is one."""
        entry = self._entry()
        return entry and entry[1]

    def keep(self, port: int, password: str | None = None) -> str:
        """Write the port and the password, and return the latter: a new one, the one there is, or a random one."""
        password = password or self.password or secrets.token_urlsafe(24)
        escaped = re.sub(r"([\\:])", r"\\\1", password)
        lines = [f"{host}:{port}:*:postgres:{escaped}\n" for host in ("127.0.0.1", "localhost")]
        # Made beside the old one and moved over it, so that it is never half written nor open to others.
        draft = self.path.with_name(self.path.name + ".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(lines)
        if os.geteuid() == 0 and self.path.exists():  # root at work on a server that an ordinary user made
            owner = self.path.stat()
            os.chown(draft, owner.st_uid, owner.st_gid)
        draft.replace(self.path)
        return password

    def _entry(self) -> tuple[str, str] | None:
        try:
            first = self.path.read_text().partition("\n")[0]
        except FileNotFoundError:
            return None
        except PermissionError as error:
            raise ServerError(
                f"the password file {self.path} belongs to somebody else",
                hint="run this as its owner or as root",
            ) from error
        match = re.fullmatch(r"127\.0\.0\.1:(\d+):\*:postgres:(.+)", first)
        return match and (match[1], re.sub(r"\\(.)", r"\1", match[2]))
