"""What a type checker accepts in the modules beside this one also works, and an editor is told what there is."""

from __future__ import annotations

import ast
from importlib.resources import files

import numpy as np
import pytest
from typed_notebook import errors_of_a_ridge
from typed_plugin import numbers, pgml_algorithms, pgml_datasets

import pgml
from pgml.plugin.checks import CHECKS


@pytest.mark.parametrize("algorithm", pgml_algorithms(), ids=repr)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_plugin_keeps_the_rules(algorithm, check) -> None:
    check(algorithm)


def test_the_data_set_loads() -> None:
    assert [each.load().equals(numbers()) for each in pgml_datasets()] == [True]


def test_the_notebook_runs(database) -> None:
    errors = errors_of_a_ridge(database.dsn)
    assert errors.shape == (442,) and 0 < np.abs(errors).mean() < 60


def test_the_package_says_that_it_is_typed() -> None:
    assert (files("pgml") / "py.typed").is_file()


def test_type_checkers_know_what_is_found_at_run_time() -> None:
    module = ast.parse((files("pgml") / "__init__.py").read_text())
    [checked] = [node for node in module.body if isinstance(node, ast.If)]
    imported = {name.asname: node.module for node in checked.body for name in node.names}
    assert imported == pgml._EXPORTS
