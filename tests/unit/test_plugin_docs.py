"""Whether the pages for plugin authors are true: the tutorial works, and the reference names what there is."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from tutorial import PAGE, blocks

import pgml
from pgml import errors
from pgml.plugin import hookspecs, hyperparameters
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.dataset import Dataset
from pgml.predictors.build import dense, forest, kernel, linear, oblivious
from pgml.predictors.read import outputs

REFERENCE = (PAGE.parent / "hooks.md").read_text()
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("pgml_")}
KINDS = ("Float", "Integer", "Boolean", "Choice", "Sequence", "Either")


def test_the_tutorial_works(tmp_path: Path):
    tests_run = 0
    for block in blocks():
        if block.file:
            (tmp_path / block.file).write_text(block.text)
        elif block.language == "console" and "$ pytest" in block.text:
            environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "-W",
                "error",
                str(tmp_path),
            ]
            run = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert run.returncode == 0, run.stdout
            tests_run += 1
    assert tests_run == 2, "the first version and the finished one"


def test_the_tutorial_speaks_of_commands_that_there_are():
    from pgml.cli import COMMANDS

    spoken_of = set(re.findall(r"`pgml ([\w-]+)", PAGE.read_text()))
    assert spoken_of
    assert spoken_of <= set(COMMANDS)


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_heading_with_its_exact_signature(name):
    signature = str(inspect.signature(HOOKS[name])).replace("'", "")
    assert f"### `{name}{signature}`" in REFERENCE


def test_there_is_no_heading_for_a_hook_that_is_gone():
    assert set(re.findall(r"### `(pgml_\w+)\(", REFERENCE)) == set(HOOKS)


def test_every_attribute_of_an_algorithm_is_described():
    described = set(re.findall(r"^\| `(\w+)` \|", REFERENCE, re.MULTILINE))
    assert set(inspect.get_annotations(Algorithm)) <= described


def test_every_method_of_an_algorithm_is_described_with_its_parameters():
    for name, method in vars(Algorithm).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            parameters = list(inspect.signature(method).parameters.values())[1:]
            named = [each for each in parameters if each.kind is not each.VAR_POSITIONAL]  # for type checkers only
            words = ["**" * (each.kind is each.VAR_KEYWORD) + each.name for each in named]
            assert f"| `{name}({', '.join(words)})` |" in REFERENCE


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_hyperparameter_is_described(kind):
    words = []
    for parameter in inspect.signature(getattr(hyperparameters, kind)).parameters.values():
        star = "*" * (parameter.kind is parameter.VAR_POSITIONAL)
        default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
        words.append(star + parameter.name + default)
    assert f"`{kind}({', '.join(words)})`" in REFERENCE


@pytest.mark.parametrize("declaration", [hyperparameters.Hyperparameter, hyperparameters.Constraint, Dataset])
def test_every_field_of_a_declaration_is_described(declaration):
    words = []
    for field in dataclasses.fields(declaration):
        default = "" if field.default is dataclasses.MISSING else f"={field.default!r}"
        words.append(field.name + default)
    assert f"`{declaration.__name__}({', '.join(words)})`" in REFERENCE


@pytest.mark.parametrize("family", [linear, forest, oblivious, kernel, dense], ids=lambda family: family.__name__)
def test_every_constructor_of_a_predictor_is_described_with_its_arguments(family):
    section = REFERENCE.partition(f"### `{family.__name__.rpartition('.')[2]}.predictor`")[2].partition(
        "\n### "
    )[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert set(inspect.signature(family.predictor).parameters) <= named


def test_every_output_is_described():
    assert {*outputs.REGRESSION, *outputs.CLASSIFICATION} <= set(re.findall(r"`(\w+)`", REFERENCE))


def test_what_plugins_import_is_there_and_described():
    for name in set(pgml.__all__) - {"__version__", "connect"}:
        assert getattr(pgml, name)
        assert f"`{name}`" in REFERENCE or f"`{name}(" in REFERENCE, name


def test_the_errors_that_are_spoken_of_exist():
    for name in re.findall(r"`pgml\.errors\.(\w+)`", REFERENCE):
        assert issubclass(getattr(errors, name), errors.PgmlError)


def test_what_is_named_with_its_module_is_there():
    named = re.findall(r"`(pgml(?:\.[a-z]\w*)*)\.([A-Z]\w*)`", REFERENCE)
    assert named
    for module, name in named:
        assert hasattr(import_module(module), name), f"{module}.{name}"
