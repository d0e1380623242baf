"""Training in processes that have just begun and hash by another seed, to see whether the model is the same there.

Importing a library takes a second or two, too long for every algorithm: for each of two seeds one process imports what
this one has, once, and goes on in a child of its own for every algorithm.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from pgml.plugin.algorithm import Algorithm

_SEEDS = ("1", "2")
_LIBRARIES = ("numpy", "scipy.linalg", "sklearn.ensemble", "sklearn.linear_model")

_TRAINER = """
import contextlib, functools, importlib, json, os, sys, traceback, warnings
for name in json.loads(sys.argv[1]):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
import numpy
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            folder, module, name, values = json.loads(line)
            warnings.simplefilter("ignore")
            algorithm = functools.reduce(getattr, name.split("."), importlib.import_module(module))()
            X, y = numpy.load(folder + "/X.npy"), numpy.load(folder + "/y.npy")
            answers = algorithm.fit(values, X, y).predict(X)
            numpy.save(folder + "/" + os.environ["PYTHONHASHSEED"] + ".npy", answers)
            status = 0
        except BaseException as error:
            traceback.print_exc()
            with open(folder + "/" + os.environ["PYTHONHASHSEED"] + ".error", "w") as file:
                file.write(repr(error))
            status = 1
        sys.stderr.flush()
        os._exit(status)
    status = os.waitpid(child, 0)[1]
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


def answers_in_new_processes(algorithm: Algorithm, X: np.ndarray, y: np.ndarray) -> list[np.ndarray] | None:
    """Return what models of the defaults, each trained in a new process, predict for ``X`` [rows].

    None where no other process can import the algorithm's class. Raises AssertionError where one fails to train.
    """
    if not importable_elsewhere(algorithm):
        return None
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "X.npy"), X)
        np.save(Path(folder, "y.npy"), y)
        kind = type(algorithm)
        asked = json.dumps([folder, kind.__module__, kind.__qualname__, algorithm.check({})])
        trainers = [_trainer(seed, tuple(sys.path)) for seed in _SEEDS]
        for trainer in trainers:
            assert trainer.stdin is not None
            trainer.stdin.write(f"{asked}\n")
            trainer.stdin.flush()
        ended = [trainer.stdout.readline().strip() for trainer in trainers if trainer.stdout is not None]
        for seed, status in zip(_SEEDS, ended, strict=True):
            if status != "0":
                raised = Path(folder, f"{seed}.error")
                got = raised.read_text() if raised.exists() else f"status {status or 'none'}"
                raise AssertionError(f"{algorithm!r}: must train in a new process as it does in this one, got {got}")
        return [np.load(Path(folder, f"{seed}.npy")) for seed in _SEEDS]


def importable_elsewhere(algorithm: Algorithm) -> bool:
    """Return whether another process can import the algorithm's class, and make an instance of it."""
    return type(algorithm).__module__ != "__main__" and "<locals>" not in type(algorithm).__qualname__


@functools.lru_cache(maxsize=4)
def _trainer(seed: str, paths: tuple[str, ...]) -> subprocess.Popen[str]:
    """Return the process of that seed; it ends with this one, when its stdin does."""
    imported = [name for name in _LIBRARIES if name in sys.modules]
    return subprocess.Popen(
        [sys.executable, "-c", _TRAINER, json.dumps(imported)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONHASHSEED": seed,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
