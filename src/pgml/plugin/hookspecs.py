"""The hooks that a plugin can implement. All are called in the engine, never in a PostgreSQL backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from pgml.plugin.algorithm import Algorithm
    from pgml.plugin.dataset import Dataset

hookspec = pluggy.HookspecMarker("pgml")
hookimpl = pluggy.HookimplMarker("pgml")


@hookspec
def pgml_algorithms() -> list[Algorithm]:
    """Return the algorithms that the plugin provides, one instance for each objective.

    Called once, when the engine of a session starts.
    """


@hookspec
def pgml_datasets() -> list[Dataset]:
    """Return the data sets that ``pgml.load_dataset`` can load from the plugin.

    Called once, when the engine of a session starts.
    """
