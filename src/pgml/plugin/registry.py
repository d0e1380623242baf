"""Which algorithm answers to a name and an objective, and which plugin it comes from."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module, metadata
from types import MappingProxyType
from typing import Any

import pluggy

import pgml
from pgml.errors import PluginError, UnknownAlgorithm, UnknownDataset, choices_hint, shown
from pgml.plugin import hookspecs
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.dataset import Dataset
from pgml.plugin.objective import OBJECTIVES, Objective, unknown_objective
from pgml.plugin.other_names import explanation

GROUP = "pgml"
BUILT_IN = "pgml-core"
_BUILT_IN_PLUGINS = "pgml.algorithms"


@dataclass(frozen=True)
class Plugin:
    """A distribution that provides something, and the version that is installed."""

    name: str
    version: str


@dataclass(frozen=True)
class Provided:
    """An algorithm and the plugin it comes from."""

    algorithm: Algorithm
    plugin: Plugin

    @property
    def objective(self) -> Objective:
        """What the algorithm's models are for."""
        return OBJECTIVES[self.algorithm.objective]

    def __str__(self) -> str:
        return f"{self.algorithm.name} (plugin {self.plugin.name})"


@dataclass(frozen=True)
class ProvidedDataset:
    """A data set and the plugin it comes from."""

    dataset: Dataset
    plugin: Plugin

    def __str__(self) -> str:
        return f"the data set {self.dataset.name} (plugin {self.plugin.name})"


@dataclass(frozen=True)
class Failure:
    """A plugin that could not be used, wholly or in part, and why; ``error`` is what it raised, for its author."""

    plugin: Plugin
    reason: str
    error: BaseException | None = field(default=None, compare=False)


@dataclass
class Registry:
    """The algorithms and data sets of all plugins."""

    algorithms: dict[tuple[str, str], Provided] = field(default_factory=dict)
    datasets: dict[str, ProvidedDataset] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    _disputes: dict[tuple[str, str], str] = field(default_factory=dict)

    def find(self, name: str, objective: str) -> Provided:
        """Return the algorithm of that name (or alias) for ``objective``.

        Raises:
            UnknownObjective, UnknownAlgorithm: there is none; the hint lists the choices, and says what a name
                that is common elsewhere is called here.
            PluginError: two plugins claim it.
        """
        objectives = {known: OBJECTIVES[known] for _, known in self.algorithms}
        if objective not in objectives:
            raise unknown_objective(objective, objectives)
        if (name, objective) in self._disputes:
            raise PluginError(self._disputes[name, objective], hint="uninstall one of the two")
        for provided in self.algorithms.values():
            algorithm = provided.algorithm
            if algorithm.objective == objective and name in (algorithm.name, *algorithm.aliases):
                return provided
        raise self._unknown_algorithm(name, objective)

    def _unknown_algorithm(self, name: str, objective: str) -> UnknownAlgorithm:
        names = {pair: (pair[0], *provided.algorithm.aliases) for pair, provided in self.algorithms.items()}
        message, said = f'unknown algorithm "{shown(name)}" for {objective}', ""
        elsewhere = [known for algorithm, known in self.algorithms if algorithm == name]
        if elsewhere:
            message = f'algorithm "{name}" does not do {objective}, only {", ".join(elsewhere)}'
        else:
            said = explanation(name, objective, names, [failure.plugin.name for failure in self.failures])
        broken = "; ".join(f"{failure.plugin.name}: {failure.reason}" for failure in self.failures)
        return UnknownAlgorithm(
            message,
            hint=choices_hint(name, [algorithm for algorithm, known in names if known == objective], said),
            detail=f"some plugins could not be used: {broken}" if broken else None,
        )

    def dataset(self, name: str) -> ProvidedDataset:
        """Return the data set of that name; raise UnknownDataset, which lists the choices, if there is none."""
        if name not in self.datasets:
            raise UnknownDataset(f'unknown data set "{shown(name)}"', hint=choices_hint(name, self.datasets))
        return self.datasets[name]

    def add_algorithm(self, algorithm: Any, plugin: Plugin) -> None:
        """Add what a plugin returned from ``pgml_algorithms``; raise PluginError where it is none or taken."""
        if not isinstance(algorithm, Algorithm):
            raise PluginError(f"pgml_algorithms returned {algorithm!r}, which is not an instance of pgml.Algorithm")
        for attribute in ("name", "objective", "summary"):
            if not isinstance(getattr(algorithm, attribute, None), str):
                raise PluginError(f"{type(algorithm).__name__} has no {attribute}")
        if algorithm.objective not in OBJECTIVES:
            raise PluginError(
                f'{algorithm.name} has the objective "{algorithm.objective}"; '
                f"the objectives are {' and '.join(OBJECTIVES)}"
            )
        pair = (algorithm.name, algorithm.objective)
        if pair in self._disputes:
            raise PluginError(self._disputes[pair])
        if pair in self.algorithms:
            other = self.algorithms[pair].plugin
            dispute = (
                f'algorithm "{algorithm.name}" for {algorithm.objective} '
                f"is claimed by two plugins, {other.name} and {plugin.name}"
            )
            if other.name != BUILT_IN:  # neither of two strangers may silently win
                del self.algorithms[pair]
                self._disputes[pair] = dispute
                self.failures.append(Failure(other, dispute))
            raise PluginError(dispute)
        self.algorithms[pair] = Provided(algorithm, plugin)

    def add_dataset(self, dataset: Any, plugin: Plugin) -> None:
        """Add what a plugin returned from ``pgml_datasets``; raise PluginError where it is none or taken."""
        if not isinstance(dataset, Dataset):
            raise PluginError(f"pgml_datasets returned {dataset!r}, which is not an instance of pgml.Dataset")
        if dataset.name in self.datasets:
            other = self.datasets[dataset.name].plugin
            raise PluginError(
                f'data set "{dataset.name}" is provided by two plugins, {other.name} and {plugin.name}: '
                "the first one's is loaded"
            )
        self.datasets[dataset.name] = ProvidedDataset(dataset, plugin)


def find_plugins(
    crashed: Mapping[str, str] = MappingProxyType({}),
    importing: Callable[[str], AbstractContextManager[None]] = lambda plugin: nullcontext(),
) -> Registry:
    """Return the registry of the built-in plugins and of all that are installed (entry point group ``pgml``).

    A plugin that fails takes nothing else down: what went wrong is in ``failures``. Those named in ``crashed`` are
    left out, for the reason given there; each other one is loaded within ``importing(its name)``.
    """
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    registry = Registry()
    core = Plugin(BUILT_IN, pgml.__version__)
    # By name, as all plugins: they know this package, and it does not know them.
    for module in pkgutil.iter_modules(import_module(_BUILT_IN_PLUGINS).__path__, f"{_BUILT_IN_PLUGINS}."):
        if not module.name.rpartition(".")[2].startswith("_"):
            _load(registry, manager, core, partial(import_module, module.name))
    installed = [
        (Plugin(entry_point.dist.name, entry_point.dist.version), entry_point)
        for entry_point in metadata.entry_points(group=GROUP)
        if entry_point.dist is not None
    ]
    for plugin, entry_point in sorted(installed, key=lambda each: (each[0].name, each[1].name)):
        if plugin.name in crashed:
            registry.failures.append(Failure(plugin, crashed[plugin.name]))
            continue
        with importing(plugin.name):
            _load(registry, manager, plugin, entry_point.load)
    return registry


def _load(
    registry: Registry, manager: pluggy.PluginManager, plugin: Plugin, importer: Callable[[], Any]
) -> None:
    """Import one module, register its hooks and add what they return, or note the failure."""

    def failed(reason: str, error: BaseException | None = None) -> None:
        registry.failures.append(Failure(plugin, reason, error))

    try:
        module = importer()
    except BaseException as error:
        return failed(f"it cannot be imported: {_describe(error)}", error)
    try:
        manager.register(module)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        if manager.is_registered(module):
            manager.unregister(module)
        said, _, _ = _describe(error).partition(" in plugin <")  # and where it lies, which is nobody's business
        return failed(f"its hooks are not pgml's: {said}")
    if not manager.get_hookcallers(module):
        return failed("it implements no hook of pgml")
    for hook, add in (("pgml_algorithms", registry.add_algorithm), ("pgml_datasets", registry.add_dataset)):
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin is not module:
                continue
            try:
                returned = list(implementation.function())
            except BaseException as error:
                failed(f"{hook} raised {_describe(error)}", error)
                continue
            for thing in returned:
                try:
                    add(thing, plugin)
                except PluginError as error:
                    failed(error.message)


def _describe(error: BaseException) -> str:
    """Return one line that says what was raised to somebody who did not write the plugin."""
    text = " ".join(str(error).split())
    return text if " " in text else f"{type(error).__name__} {text}".strip()
