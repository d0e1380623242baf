"""Machine learning inside PostgreSQL: train, deploy and predict with SQL, every algorithm a plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.2.0"

# What users and plugin authors import from here, and the module that defines it. Looked up on first use,
# because a PostgreSQL backend imports this package and must not pay for what it never calls.
_EXPORTS = {
    "Algorithm": "pgml.plugin.algorithm",
    "Boolean": "pgml.plugin.hyperparameters",
    "Choice": "pgml.plugin.hyperparameters",
    "Constraint": "pgml.plugin.hyperparameters",
    "Dataset": "pgml.plugin.dataset",
    "Either": "pgml.plugin.hyperparameters",
    "Float": "pgml.plugin.hyperparameters",
    "Hyperparameter": "pgml.plugin.hyperparameters",
    "Integer": "pgml.plugin.hyperparameters",
    "Sequence": "pgml.plugin.hyperparameters",
    "connect": "pgml.notebook.database",
    "hookimpl": "pgml.plugin.hookspecs",
}

__all__ = ["__version__", *_EXPORTS]

if TYPE_CHECKING:  # the same, for editors and type checkers
    from pgml.notebook.database import connect as connect
    from pgml.plugin.algorithm import Algorithm as Algorithm
    from pgml.plugin.dataset import Dataset as Dataset
    from pgml.plugin.hookspecs import hookimpl as hookimpl
    from pgml.plugin.hyperparameters import Boolean as Boolean
    from pgml.plugin.hyperparameters import Choice as Choice
    from pgml.plugin.hyperparameters import Constraint as Constraint
    from pgml.plugin.hyperparameters import Either as Either
    from pgml.plugin.hyperparameters import Float as Float
    from pgml.plugin.hyperparameters import Hyperparameter as Hyperparameter
    from pgml.plugin.hyperparameters import Integer as Integer
    from pgml.plugin.hyperparameters import Sequence as Sequence
else:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _EXPORTS:
            return getattr(import_module(_EXPORTS[name]), name)
        if name in ("plpython", "serving"):  # asked for by functions of a schema that pgml 0.1 made
            return import_module("pgml.backend.outdated")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
