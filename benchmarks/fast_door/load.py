"""Load for one row at a time: pgbench for the server, wrk for the service around the same model."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from types import TracebackType

from benchmarks.environment import PYTHON, ROOT
from benchmarks.fast_door.models import Model
from benchmarks.fast_door.notebook import ONE_CORE
from benchmarks.fast_door.scale import Bench
from pgml.server import postgres

Ranges = Sequence[tuple[int, int]]


def load_tool() -> str:
    """Return the name of the HTTP client that there is."""
    return "wrk" if shutil.which("wrk") else "an asyncio client"


class Pgbench:
    """One statement for pgbench; ``{array}`` in it stands for a row of random integers."""

    def __init__(self, bench: Bench, name: str, statement: str, ranges: Ranges):
        self.program = postgres.find().program("pgbench")
        self.dsn = bench.dsn
        self.script = bench.folder / f"{name}.sql"
        draws = [f"\\set f{place} random({low}, {high})" for place, (low, high) in enumerate(ranges)]
        array = f"ARRAY[{', '.join(f':f{place}' for place in range(len(ranges)))}]::float8[]"
        self.script.write_text("\n".join([*draws, statement.format(array=array) + ";"]))

    def rate(self, clients: int, seconds: int, mode: str = "prepared") -> float:
        """Return the transactions per second."""
        command = [self.program, "-n", "-M", mode, "-c", str(clients), "-j", str(clients), "-T", str(seconds)]
        said = subprocess.run(
            [*command, "-f", self.script, self.dsn], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        return float(re.search(r"tps = ([\d.]+)", said)[1])


class Service:
    """FastAPI around a model, in one process of uvicorn, as long as it is entered."""

    def __init__(self, model: Model, ranges: Ranges):
        self.ranges = [f"{low},{high}" for low, high in ranges]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [PYTHON, "-m", "uvicorn", "benchmarks.peers.service:app", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--workers", "1", "--no-access-log", "--log-level", "warning"],
            cwd=ROOT,
            env=os.environ | ONE_CORE | {"MODEL": str(model.file)},
        )

    def rate(self, clients: int, seconds: int) -> float:
        """Return the requests answered per second, on connections that are kept."""
        if shutil.which("wrk"):
            return self._wrk(clients, seconds)
        command = [PYTHON, "-m", "benchmarks.peers.http_client", str(self.port), str(clients), str(seconds)]
        return float(_said([*command, *self.ranges]))

    def _wrk(self, clients: int, seconds: int) -> float:
        threads = min(clients, os.cpu_count() or 1)
        command = ["wrk", "-t", str(threads), "-c", str(clients), "-d", f"{seconds}s", "--timeout", "30s"]
        url = f"http://127.0.0.1:{self.port}/predict"
        said = _said([*command, "-s", "benchmarks/peers/post.lua", url, "--", *self.ranges])
        if "Non-2xx" in said or "Socket errors" in said:
            raise SystemExit(f"the service failed:\n{said}")
        return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])

    def __enter__(self) -> Service:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/docs").close()
                return self
            except urllib.error.URLError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.process.kill()
        raise SystemExit("the service did not start, see above")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait()


def _said(command: Sequence[object]) -> str:
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
