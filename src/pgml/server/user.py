"""The operating system's user that a private server runs as, and what that user is able to read."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgml.errors import ServerError

# Run as the server's user: a backend has to import the package, and the engine has to start in its environment.
_FIRST_UNREADABLE = """
import importlib.util, os, sys
package, home = sys.argv[1:]
folders = [package, *(os.path.join(here, name) for here, names, _ in os.walk(package) for name in names)]
files = [os.path.join(here, name) for here, _, names in os.walk(package) for name in names]
for library in ("pluggy", "numpy", "sklearn"):
    spec = importlib.util.find_spec(library)
    files += [spec.origin] if spec else []
bad = [home] if not os.access(home, os.X_OK) else []
bad += [path for path in folders if not os.access(path, os.R_OK | os.X_OK)]
bad += [path for path in files if not os.access(path, os.R_OK)]
print(bad[0] if bad else "")
"""


@dataclass(frozen=True)
class ServerUser:
    """The user that PostgreSQL runs as: oneself, or an unprivileged one where root is at work."""

    name: str
    uid: int
    gid: int
    home: str

    @classmethod
    def choose(cls, data: Path) -> ServerUser:
        """Return the owner of a server's data; for data yet to be made, oneself, or ``postgres`` for root.

        Raises ServerError where that user is missing or is somebody whom one may not act for.
        """
        me = os.geteuid()
        try:
            owner = data.stat().st_uid if data.exists() else me
        except PermissionError as error:
            raise ServerError(f"{data.parent} belongs to somebody else", hint="run this as root") from error
        if me not in (0, owner):
            raise ServerError(
                f"the server in {data.parent} belongs to the user {_name(owner)}",
                hint=f"run this as {_name(owner)} or root, or set PGML_HOME to a folder of your own",
            )
        try:
            entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("postgres")
        except KeyError:
            raise ServerError(
                f"the system knows no user of number {owner}, which PostgreSQL would run as"
                if owner
                else 'PostgreSQL refuses to run as root, and there is no user "postgres" to run it as',
                hint="useradd --system postgres, or run this as an ordinary user",
            ) from None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Run a program as this user, in the root folder, and return what it prints.

        Raises ServerError with what the program said where it fails.
        """
        done = subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, check=False, **self._identity()
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").strip()
            raise ServerError(f"{Path(command[0]).name} failed: {said}")
        return done.stdout

    def become(self) -> None:
        """Turn this process into one of this user, for good."""
        if os.geteuid() == 0:
            os.setgroups(os.getgrouplist(self.name, self.gid))
            os.setgid(self.gid)
            os.setuid(self.uid)

    def owns(self, path: Path) -> Path:
        """Hand a file or folder over to this user and return it."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        return path

    def check_reads(self, package: Path, home: Path) -> None:
        """Raise ServerError, naming the folder, unless the user can read ``package`` and run this interpreter."""
        blocked = self._first_blocked(Path(sys.executable), Path(sys.executable).resolve(), package, home)
        if blocked is None:
            found = self.run([sys.executable, "-I", "-c", _FIRST_UNREADABLE, str(package), str(home)]).strip()
            blocked = Path(found) if found else None
        if blocked is not None:
            raise ServerError(
                f"the server's user {self.name} cannot read {blocked}",
                hint=f"allow it (chmod -R go+rX {blocked}), or move to a folder that everybody may enter, such as /opt",
            )

    def _first_blocked(self, *paths: Path) -> Path | None:
        """Return the outermost folder on the way to one of the paths that the user may not enter."""
        if os.geteuid() != 0:
            return None
        folders = dict.fromkeys(folder for path in paths for folder in reversed(path.absolute().parents))
        script = 'for folder do [ -x "$folder" ] || { printf %s "$folder"; exit; }; done'
        blocked = self.run(["/bin/sh", "-c", script, "sh", *map(str, folders)])
        return Path(blocked) if blocked else None

    def _identity(self) -> dict[str, object]:
        if os.geteuid() != 0:
            return {}
        return {
            "user": self.uid,
            "group": self.gid,
            "extra_groups": os.getgrouplist(self.name, self.gid),
        }


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
