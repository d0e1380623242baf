"""The objectives: what models can be for, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pgml.errors import UnknownObjective, choices_hint, shown
from pgml.plugin.objective.classification import Classification
from pgml.plugin.objective.definition import Objective
from pgml.plugin.objective.regression import Regression
from pgml.spelling import spelling

__all__ = ["OBJECTIVES", "Objective", "unknown_objective"]

OBJECTIVES: Mapping[str, Objective] = MappingProxyType(
    {objective.name: objective for objective in (Classification(), Regression())}
)


def unknown_objective(name: str, known: Mapping[str, Objective] = OBJECTIVES) -> UnknownObjective:
    """Return the error for an objective that is none of the ``known`` ones; its hint says which was meant."""
    meant = [each for each in known if spelling(name) in map(spelling, known[each].other_names)]
    said = f'"{shown(name)}" is called "{meant[0]}" here' if meant else ""
    return UnknownObjective(f'unknown objective "{shown(name)}"', hint=choices_hint(name, known, said))
