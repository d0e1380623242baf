"""Look for predictors that crash what reads or evaluates them: ``python fuzz.py [SECONDS]``, 60 where none are given.

``--cases N`` tries so many inputs instead, with ``--seed S`` the same ones every time. An input of which a process
died, at which it raised what it should not, or stood still, is kept in fuzz-findings/, beside what the process said;
``python fuzz.py FILE`` tries it again. Run it through sanitized.py, as script/fuzz does: without the sanitizers most
faults go unnoticed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

CHILD = [sys.executable, str(Path(__file__).with_name("child.py"))]
FINDINGS = Path("fuzz-findings")
EVERY = 10  # seconds


class Hunt:
    """Processes that try one input after the other, and what they have found.

    ``command`` makes the command of one, from the file for its last input, a seed and a number of inputs.
    """

    def __init__(self, command: Callable[[Path, str, int], list[str]], findings: Path) -> None:
        self.tried: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.found: list[Path] = []
        self._command = command
        self._findings = findings

    async def run(self, processes: int, seed: str, cases: int, seconds: float) -> None:
        """Try so many inputs with so many processes, or until the time is over, and say now and then how far it is."""
        saying = asyncio.create_task(self._say())
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            hunters = [
                self._hunt(Path(folder) / str(number), f"{seed}/{number}", math.ceil(cases / processes))
                for number in range(processes)
            ]
            await asyncio.wait_for(asyncio.gather(*hunters), seconds)
        saying.cancel()

    async def _hunt(self, last: Path, seed: str, cases: int) -> None:
        """Try so many inputs, with one process after the other where they do not live to the end."""
        said, life = last.with_suffix(".said"), 0
        while cases > 0:
            with said.open("wb") as errors:
                command = self._command(last, f"{seed}/{life}", cases)
                child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=errors)
            try:
                async for line in child.stdout:
                    tried, accepted = json.loads(line)
                    self.tried.update(tried)
                    self.accepted.update(accepted)
                    cases -= sum(tried.values())
                if await child.wait() != 0:
                    self._keep(last, said.read_bytes())
                    cases -= 1
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
            life += 1

    def _keep(self, last: Path, said: bytes) -> None:
        data = last.read_bytes() if last.exists() else b""
        self._findings.mkdir(exist_ok=True)
        kept = self._findings / hashlib.sha256(data).hexdigest()[:16]
        kept.write_bytes(data)
        kept.with_suffix(".txt").write_bytes(said)
        self.found.append(kept)
        lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
        shown = lines if len(lines) <= 12 else [*lines[:8], "...", *lines[-3:]]
        print("\n    ".join([f"kept {kept}", *shown]), flush=True)

    async def _say(self) -> None:
        started = time.monotonic()
        while True:
            await asyncio.sleep(EVERY)
            print(f"{time.monotonic() - started:5.0f} s: {self}", flush=True)

    def __str__(self) -> str:
        tried, accepted = sum(self.tried.values()), sum(self.accepted.values())
        return f"{tried:,} predictors tried, {accepted:,} of them accepted, {len(self.found)} kept"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].partition(":")[0])
    parser.add_argument("what", nargs="?", default="60", metavar="SECONDS|FILE", help="how long, or a kept input to try again")
    parser.add_argument("--cases", type=int, help="how many inputs, however long they take")
    parser.add_argument("--seed", default=os.urandom(4).hex(), help="the same seed makes the same inputs")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    given = parser.parse_args()
    if Path(given.what).is_file():
        return subprocess.run([*CHILD, given.what], check=False).returncode
    seconds, cases = (float(given.what), 1 << 60) if given.cases is None else (math.inf, given.cases)
    hunt = Hunt(lambda last, seed, cases: [*CHILD, str(last), seed, str(cases)], FINDINGS)
    print(f"seed {given.seed}, {given.processes} processes", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(hunt.run(given.processes, given.seed, cases, seconds))
    for name, tried in sorted(hunt.tried.items()):
        print(f"{name:>15}: {tried:,} tried, {hunt.accepted[name]:,} accepted")
    print(hunt)
    if not hunt.accepted or min(hunt.accepted[name] for name in hunt.tried) == 0:
        print("nothing that was made of some of them is accepted, so this shows nothing", file=sys.stderr)
        return 1
    return 1 if hunt.found else 0


if __name__ == "__main__":
    sys.exit(main())
