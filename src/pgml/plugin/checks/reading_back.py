"""Reading back what an algorithm saved: in this process, and in one that has never seen it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pgml.errors import PgmlError
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.checks.comparison import compile_fitted, require, require_same
from pgml.plugin.checks.processes import importable_elsewhere
from pgml.plugin.pickles import is_pickle

_READER = """
import functools, importlib, pathlib, sys
import numpy
folder, module, name = sys.argv[1:]
algorithm = functools.reduce(getattr, name.split("."), importlib.import_module(module))()
for saved in pathlib.Path(folder).glob("*.saved"):
    X = numpy.load(saved.with_suffix(".X.npy"))
    numpy.save(saved.with_suffix(".y.npy"), algorithm.load(saved.read_bytes()).predict(X))
"""


class Saved(NamedTuple):
    """An estimator as it was saved, and what it predicts for the rows ``X``; ``what`` names it."""

    what: str
    content: bytes
    X: np.ndarray
    answers: np.ndarray


def fitted_as_searched(algorithm: Algorithm, X: np.ndarray, y: np.ndarray) -> Iterator[tuple[str, Any]]:
    """Yield estimators, each with its settings in words, so that each value of ``search`` is tried with others.

    Values that do not go together are tried alone, and those that do not suit the rows are left out.
    """
    values = {each.name: each.search for each in algorithm.hyperparameters if each.search}
    for turn in range(max(map(len, values.values()), default=0)):
        together = {name: search[turn % len(search)] for name, search in values.items()}
        fitted = _fitted(algorithm, together, X, y)
        if fitted is not None:
            yield f"with {together}", fitted
            continue
        for name, value in together.items():
            fitted = _fitted(algorithm, {name: value}, X, y)
            if fitted is not None:
                yield f"with {name} = {value!r}", fitted


def _fitted(algorithm: Algorithm, settings: dict[str, Any], X: np.ndarray, y: np.ndarray) -> Any | None:
    try:
        return algorithm.fit(algorithm.check(settings), X, y)
    except PgmlError:
        return None
    except Exception as error:
        rule = f"must fit with {settings}, or say by an error of pgml.errors why it cannot"
        raise AssertionError(f"{algorithm!r}: {rule}, got {error!r}") from error


def read_back(algorithm: Algorithm, fitted: Any, X: np.ndarray, what: str) -> Saved:
    """Return the estimator as it was saved, once it was read again and has predicted the same."""
    content = algorithm.save(fitted)
    require(algorithm, isinstance(content, bytes), "must save an estimator as bytes", type(content))
    require(algorithm, not is_pickle(content), f"must save data, never code ({what})", "a pickle")
    answers = np.asarray(fitted.predict(X))
    require_same(algorithm, algorithm.load(content).predict(X), answers, f"the estimator read back ({what})")
    return Saved(what, content, X, answers)


def is_saved(algorithm: Algorithm, fitted: Any) -> bool:
    """Return whether training saves the estimator, or saves it in a format of the algorithm's own where it has to."""
    return compile_fitted(algorithm, fitted) is None or type(algorithm).save is not Algorithm.save


def require_readable_elsewhere(algorithm: Algorithm, saved: list[Saved]) -> None:
    """Require that a process that did not train the estimators reads them and predicts the same."""
    module, name = type(algorithm).__module__, type(algorithm).__qualname__
    if not saved or not importable_elsewhere(algorithm):
        return
    with tempfile.TemporaryDirectory() as folder:
        for number, each in enumerate(saved):
            Path(folder, f"{number}.saved").write_bytes(each.content)
            np.save(Path(folder, f"{number}.X.npy"), each.X)
        paths = os.pathsep.join(sys.path)
        done = subprocess.run(
            [sys.executable, "-c", _READER, folder, module, name],
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},  # the tables are small
            cwd=folder,
            capture_output=True,
            text=True,
        )
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        require(algorithm, done.returncode == 0, "must be readable in a process that did not save it", reason)
        for number, each in enumerate(saved):
            answers = np.load(Path(folder, f"{number}.y.npy"))
            require_same(algorithm, answers, each.answers, f"the estimator read in another process ({each.what})")
