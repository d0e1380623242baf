"""A process outside of the database that holds the estimator: on one core, in the peers' environment."""

from __future__ import annotations

import os
import subprocess
from types import TracebackType

from benchmarks.environment import PYTHON, ROOT
from benchmarks.fast_door.models import Model
from benchmarks.fast_door.scale import Bench

ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Notebook:
    """The process, as long as it is entered."""

    def __init__(self, bench: Bench):
        self.process = subprocess.Popen(
            [PYTHON, "-m", "benchmarks.peers.notebook", bench.dsn],
            cwd=ROOT,
            env=os.environ | ONE_CORE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, action: str, model: Model, table: str) -> float:
        """Return the seconds that it took for ``predict``, ``copy`` or ``to_sql``."""
        print(action, model.file, table, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{action} of {model.project} failed outside of the database, see above")
        return float(answer)

    def __enter__(self) -> Notebook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.terminate()  # it may be in the middle of something, where this process was told to end
        self.process.communicate()
