"""Machine learning inside PostgreSQL: train, deploy and predict with SQL, every algorithm a plugin."""

from __future__ import annotations

from importlib import import_module

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


def __getattr__(name: str) -> object:
    if name in _EXPORTS:
        return getattr(import_module(_EXPORTS[name]), name)
    if name in ("plpython", "serving"):  # from functions of a schema that pgml 0.1 made
        return import_module("pgml.backend.outdated")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
