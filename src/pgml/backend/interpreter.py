"""The Python that runs the engine: it is looked for only in places that belong to pgml's own environment."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator
from pathlib import Path

from pgml import errors

_PACKAGE = Path(os.path.abspath(__file__)).parents[1]  # links are kept: where they lead to is no environment


def interpreter(package: Path = _PACKAGE) -> str:
    """Return the Python that runs the engine.

    It is ``PGML_PYTHON`` of the server's environment, else that of the environment in which ``package`` is
    installed, else that of the checkout's ``.venv``. No setting of a session has a say in it.

    Raises:
        ServerError: there is none, or ``PGML_PYTHON`` is none.
    """
    if named := os.environ.get("PGML_PYTHON"):
        if _is_program(named):
            return named
        raise errors.ServerError(
            f"the server's environment has PGML_PYTHON={named}, which is no program that the server may run",
            hint="set it to the python of the environment in which pgml is installed, or leave it out",
        )
    for candidate in _candidates(package):
        if _is_program(candidate):
            return str(candidate)
    raise errors.ServerError(
        "there is no Python environment to train in: the pgml package that the server found at "
        f"{package} lies in none, and the server's environment has no PGML_PYTHON",
        hint="pgml doctor says what is missing",
    )


def _candidates(package: Path) -> Iterator[Path]:
    """Yield the interpreters of what really holds the package; beyond it, a ``bin/python`` may be anybody's."""
    folder = package.parent
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if folder.name == "site-packages" and folder.parent.name.startswith("python3."):  # lib/python3.X/site-packages
        prefix = folder.parents[2]
        if (prefix / "pyvenv.cfg").is_file():
            yield prefix / "bin" / "python"
        elif (folder.parent / "os.py").is_file():  # the landmark of a Python that is no virtual environment
            yield prefix / "bin" / folder.parent.name
    if str(folder) in (*site.getsitepackages(), site.getusersitepackages()):  # such as Debian's dist-packages
        yield Path(sys.base_prefix, "bin", version)
    checkout = folder.parent
    marks = (checkout / "pyproject.toml", checkout / "sql" / "install.sql", checkout / ".venv" / "pyvenv.cfg")
    if package == checkout / "src" / "pgml" and all(mark.is_file() for mark in marks):
        yield checkout / ".venv" / "bin" / "python"


def _is_program(path: Path | str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
