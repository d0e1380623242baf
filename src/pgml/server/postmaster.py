"""The main process of a PostgreSQL server: whether it lives, what a killed one left behind, and who has its port."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import re
import socket
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pgml.errors import ServerError

# sizeof(sun_path) less the terminating zero: 107 on Linux, 103 on macOS and the BSDs.
_LONGEST_SOCKET_PATH = 103


@dataclass(frozen=True)
class Postmaster:
    """A living server process and the port that it was started with."""

    pid: int
    port: int


def find(data: Path) -> Postmaster | None:
    """Return the process that serves the data folder, None where there is none.

    The lock file alone does not tell: a killed server leaves it, and its pid may be another process's by now.
    """
    pid, port = _lock_file(data)
    return Postmaster(pid, port) if pid and _serves(pid, data) else None


def clear_stale(data: Path, sockets: Path) -> None:
    """Let a server start after one that was killed, where its pid now belongs to another process.

    To be called when `find` found nothing. PostgreSQL would take that process for the old server. The lock file
    stays, with the pid of a process that has ended, because through it PostgreSQL notices backends that survived.
    """
    pid, _ = _lock_file(data)
    if pid:
        ended = subprocess.Popen(["true"])
        ended.wait()
        lock = data / "postmaster.pid"
        lock.write_text(re.sub(r"\A-?\d+", str(ended.pid), lock.read_text()))
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink()


def socket_folder(home: Path) -> Path:
    """Return the folder for the Unix socket of the server in ``home``.

    It is in ``home`` unless the socket's path would be longer than the system allows; then it is a short one
    under the folder for temporary files.
    """
    folder = home / "run"
    if len(os.fsencode(folder / ".s.PGSQL.65535")) <= _LONGEST_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path("/tmp") / f"pgml-{digest}"


def make_private(folder: Path, uid: int, gid: int) -> None:
    """Make a folder that only one user (and root) may enter; refuse one that somebody else made first."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if os.geteuid() == 0:
            os.chown(folder, uid, gid)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != uid or status.st_mode & 0o077:
        raise ServerError(
            f"{folder} is not a folder of the server's user alone", hint=f"remove it: rm -r {folder}"
        )


def check_port_free(address: str, port: int) -> None:
    """Raise ServerError, naming the process where that is known, if a TCP port is taken."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("" if address == "*" else address, port))
            probe.listen()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ServerError(f"cannot listen on {address}, port {port}: {error.strerror}") from error
            holder = _listener(port)
            raise ServerError(
                f"port {port} is taken" + (f" by {holder}" if holder else ""),
                hint=f"stop that, or choose another one: pgml up --port {port + 1}",
            ) from error


def _lock_file(data: Path) -> tuple[int | None, int]:
    """Return the pid (None without a lock file) and the port that the last server wrote down."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None, 0
    number = [int(line) if line.strip().isdigit() else 0 for line in lines[:4]]
    return (number[0] or None) if number else None, number[3] if len(number) > 3 else 0


def _serves(pid: int, data: Path) -> bool:
    """Whether the process is a postmaster of this data folder, told by its command line."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        listed = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, check=False
        ).stdout
        command = [listed.split(b" ")[0], os.fsencode(data) if os.fsencode(data) in listed else b""]
    return os.path.basename(command[0]) in (b"postgres", b"postmaster") and os.fsencode(data) in command


def _listener(port: int) -> str | None:
    """Return the name and pid of the process that listens on a TCP port, None where the system does not tell."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, rows):
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:  # 0A: the state LISTEN
                inodes.add(f"socket:[{fields[9]}]")
    for descriptor in glob.iglob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(descriptor) in inodes:
                pid = descriptor.split("/")[2]
                return f"{Path('/proc', pid, 'comm').read_text().strip()} (process {pid})"
        except OSError:  # not ours to look at, or gone meanwhile
            continue
    return None
