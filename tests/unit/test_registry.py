"""The registry: who provides which pair, and what becomes of plugins that cannot be used."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pgml
from pgml.errors import PgmlError, PluginError, UnknownAlgorithm, UnknownDataset, UnknownObjective
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.dataset import Dataset
from pgml.plugin.registry import BUILT_IN, Plugin, Registry, find_plugins

HERE = Plugin("pgml-here", "1.0")
THERE = Plugin("pgml-there", "2.0")


def algorithm(name: str = "mean", objective: str = "regression", aliases: tuple[str, ...] = ()) -> Algorithm:
    made = Algorithm()
    made.name, made.objective, made.summary, made.aliases = name, objective, "Some algorithm.", aliases
    return made


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add_algorithm(algorithm("mean", aliases=("average",)), HERE)
    registry.add_algorithm(algorithm("median"), HERE)
    registry.add_algorithm(algorithm("mode", "classification"), HERE)
    return registry


@pytest.mark.parametrize("name", ["mean", "average"])
def test_an_algorithm_is_found_by_its_name_and_its_aliases(registry, name):
    found = registry.find(name, "regression")
    assert found.algorithm.name == "mean"
    assert found.plugin == HERE


@pytest.mark.parametrize(
    ("name", "objective", "kind", "message", "hint"),
    [
        (
            "meen",
            "regression",
            UnknownAlgorithm,
            'unknown algorithm "meen" for regression',
            'did you mean "mean"?',
        ),
        (
            "x",
            "regression",
            UnknownAlgorithm,
            'unknown algorithm "x" for regression',
            "the choices are: mean, median",
        ),
        (
            "mode",
            "regression",
            UnknownAlgorithm,
            'algorithm "mode" does not do regression, only classification',
            "the choices are: mean, median",
        ),
        (
            "mean",
            "ranking",
            UnknownObjective,
            'unknown objective "ranking"',
            "the choices are: classification, regression",
        ),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(registry, name, objective, kind, message, hint):
    with pytest.raises(kind) as refused:
        registry.find(name, objective)
    assert refused.value.message == message
    assert hint in refused.value.hint


def test_a_pair_that_two_plugins_claim_is_refused_for_both(registry):
    with pytest.raises(PluginError, match="is claimed by two plugins, pgml-here and pgml-there"):
        registry.add_algorithm(algorithm("mean"), THERE)
    with pytest.raises(PluginError, match="is claimed by two plugins, pgml-here and pgml-there"):
        registry.find("mean", "regression")
    assert [failure.plugin for failure in registry.failures] == [HERE]
    assert registry.find("median", "regression").plugin == HERE
    with pytest.raises(PluginError, match="is claimed by two plugins"):
        registry.add_algorithm(algorithm("mean"), Plugin("pgml-third", "1.0"))


def test_a_pair_that_is_built_in_stays_so():
    registry = Registry()
    registry.add_algorithm(algorithm("linear"), Plugin(BUILT_IN, "1.0"))
    with pytest.raises(PluginError, match="is claimed by two plugins, pgml-core and pgml-there"):
        registry.add_algorithm(algorithm("linear"), THERE)
    assert registry.find("linear", "regression").plugin.name == BUILT_IN


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (42, "returned 42, which is not an instance of pgml.Algorithm"),
        (Algorithm, "which is not an instance of pgml.Algorithm"),
        (Algorithm(), "Algorithm has no name"),
        (algorithm("mean", "ranking"), 'mean has the objective "ranking"'),
    ],
)
def test_what_is_no_algorithm_is_refused(thing, said):
    with pytest.raises(PluginError) as refused:
        Registry().add_algorithm(thing, HERE)
    assert said in refused.value.message


def test_data_sets_are_found_by_name():
    registry = Registry()
    registry.add_dataset(Dataset("iris", "Flowers.", list), HERE)
    assert str(registry.dataset("iris")) == "the data set iris (plugin pgml-here)"
    with pytest.raises(UnknownDataset) as refused:
        registry.dataset("irish")
    assert 'did you mean "iris"?' in refused.value.hint
    with pytest.raises(PluginError, match="is provided by two plugins, pgml-here and pgml-there"):
        registry.add_dataset(Dataset("iris", "Other flowers.", list), THERE)
    with pytest.raises(PluginError, match="is not an instance of pgml.Dataset"):
        registry.add_dataset("iris", THERE)


# -- installed plugins -------------------------------------------------------------------------------------------


@pytest.fixture
def install(tmp_path: Path, monkeypatch):
    """Install a plugin of one module, as pip leaves it."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def install(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(f"import pgml\n{source}")
        about = tmp_path / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n"
        )
        (about / "entry_points.txt").write_text(f"[pgml]\n{name} = {name}\n")

    yield install
    for name in set(sys.modules) - before:
        if name.startswith("pgml_"):
            del sys.modules[name]


GOOD = """
class Good(pgml.Algorithm):
    name, objective, summary = "good", "regression", "It works."

@pgml.hookimpl
def pgml_algorithms():
    return [Good()]
"""


def test_built_in_algorithms_come_from_pgml_core():
    registry = find_plugins()
    built_in = [provided for provided in registry.algorithms.values() if provided.plugin.name == BUILT_IN]
    assert len(built_in) >= 40
    assert {provided.plugin.version for provided in built_in} == {pgml.__version__}
    assert {"diabetes", "digits", "iris", "wine", "breast_cancer", "linnerud"} <= set(registry.datasets)


def test_an_installed_plugin_is_found_by_its_entry_point(install):
    install("pgml_good", GOOD)
    assert find_plugins().find("good", "regression").plugin == Plugin("pgml-good", "1.0")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import there_is_no_such_module",
            "it cannot be imported: No module named 'there_is_no_such_module'",
        ),
        ("1 / 0", "it cannot be imported: division by zero"),
        ("raise SystemExit(1)", "it cannot be imported: SystemExit 1"),
        ("raise KeyboardInterrupt", "it cannot be imported: KeyboardInterrupt"),
        ("def f(:", "it cannot be imported: invalid syntax"),
        ("", "it implements no hook of pgml"),
        (
            "@pgml.hookimpl\ndef pgml_algoritms(): pass",
            "its hooks are not pgml's: unknown hook 'pgml_algoritms'",
        ),
        ("@pgml.hookimpl\ndef pgml_algorithms(config): pass", "its hooks are not pgml's: "),
        ("@pgml.hookimpl\ndef pgml_algorithms(): raise KeyError('x')", "pgml_algorithms raised KeyError 'x'"),
        ("@pgml.hookimpl\ndef pgml_algorithms(): exit()", "pgml_algorithms raised SystemExit"),
        (
            "@pgml.hookimpl\ndef pgml_algorithms(): pass",
            "pgml_algorithms raised 'NoneType' object is not iterable",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_is_reported_and_takes_nothing_down(install, source, reason):
    install("pgml_bad", source)
    install("pgml_good", GOOD)
    registry = find_plugins()
    (failure,) = registry.failures
    assert failure.plugin == Plugin("pgml-bad", "1.0")
    assert failure.reason.startswith(reason)
    assert registry.find("good", "regression")
    assert registry.find("linear", "regression")
    with pytest.raises(UnknownAlgorithm) as refused:
        registry.find("bad", "regression")
    assert f"pgml-bad: {reason}" in refused.value.detail


def test_a_plugin_that_crashed_is_left_out(install):
    install("pgml_bad", "raise AssertionError('it must not be imported')")
    registry = find_plugins({"pgml-bad": "it crashed"})
    (failure,) = registry.failures
    assert (failure.plugin.name, failure.reason) == ("pgml-bad", "it crashed")


def test_the_caller_is_told_which_plugin_is_imported(install):
    install("pgml_good", GOOD)
    told = []

    @contextlib.contextmanager
    def importing(plugin: str) -> Iterator[None]:
        assert "pgml_good" not in sys.modules
        yield
        told.append(plugin)

    find_plugins({}, importing)
    assert "pgml-good" in told


def test_every_refusal_has_a_message():
    with pytest.raises(PgmlError) as refused:
        find_plugins().find("no_such_algorithm", "regression")
    assert "\n" not in refused.value.message
