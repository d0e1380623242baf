"""The skeleton of a plugin: a package with one algorithm, that passes its conformance test as it is written."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from pgml.errors import InvalidArgument
from pgml.plugin.registry import BUILT_IN, find_plugins

_PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "pgml-$hyphenated"
version = "0.1.0"
description = "The algorithm $name, as a plugin for pgml."
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
dependencies = ["pgml-core>=0.1"]

[project.optional-dependencies]
test = ["pytest>=8.3"]

[project.entry-points.pgml]
$name = "pgml_$name"

[tool.setuptools]
py-modules = ["pgml_$name"]
"""

_MODULE = '''\
"""The algorithm $name as a plugin of pgml."""

import numpy as np

import pgml
from pgml import Float, Hyperparameter
from pgml.predictors.build import linear


class Estimator:
    """One direction through the features, the first component of partial least squares: put your own here."""

    def __init__(self, shrinkage):
        self.shrinkage = shrinkage

    def fit(self, X, y):
        """Fit the weights to X, float64 [rows, features], and y, float64 [rows]; change neither."""
        weights = (X - X.mean(axis=0)).T @ (y - y.mean())
        along = (X - X.mean(axis=0)) @ weights
        length = along @ along
        slope = along @ (y - y.mean()) / length if length else 0.0
        self.coef_ = (1 - self.shrinkage) * slope * weights
        self.intercept_ = y.mean() - X.mean(axis=0) @ self.coef_
        return self

    def predict(self, X):
        """Return the predictions [rows]."""
        return X @ self.coef_ + self.intercept_


class $classname(pgml.Algorithm):
    """What pgml has to know of it."""

    name = "$name"
    objective = "regression"
    summary = "The one direction through the features along which the target changes most."
    when = "When you have replaced it with an algorithm of your own."
    source = "https://en.wikipedia.org/wiki/Partial_least_squares_regression"
    scaled = True
    hyperparameters = (
        Hyperparameter(
            "shrinkage",
            Float(minimum=0, maximum=1),
            0.0,
            "How far predictions are drawn towards the mean: 0 is not at all, 1 all the way.",
            search=(0.0, 0.1, 0.5),
        ),
    )
    trusted_types = ("pgml_$name.Estimator",)

    def estimator(self, **hyperparameters):
        return Estimator(**hyperparameters)

    def compile(self, fitted):
        return linear.predictor(fitted.coef_, fitted.intercept_)


@pgml.hookimpl
def pgml_algorithms():
    return [$classname()]
'''

_TEST = '''\
"""Whether $name keeps the rules that pgml has for algorithms."""

import pgml_$name
import pytest

from pgml.plugin.checks import CHECKS


@pytest.mark.parametrize("algorithm", pgml_$name.pgml_algorithms(), ids=repr)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_keeps_the_rules(algorithm, check):
    check(algorithm)
'''

_README = """\
# pgml-$hyphenated

The algorithm $name, as a plugin for [pgml](https://pypi.org/project/pgml-core/).

Try it from here, in the environment that pgml's engine runs in:

    pip install --editable '.[test]'
    pytest
    pgml plugins

Then, in a new session of the database:

```sql
SELECT * FROM pgml.train('Diabetes Progression', 'regression', 'pgml.diabetes', 'target', algorithm => '$name');
```
"""

_FILES = {
    "pyproject.toml": _PYPROJECT,
    "pgml_$name.py": _MODULE,
    "tests/test_$name.py": _TEST,
    "README.md": _README,
}


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Write the skeleton of the plugin pgml-``name`` into a folder of that name below ``folder``; return its files.

    Raises InvalidArgument where the name cannot be one, is taken by a built-in algorithm, or the folder is there.
    """
    _check_name(name)
    hyphenated = name.replace("_", "-")
    target = folder / f"pgml-{hyphenated}"
    words = {"name": name, "hyphenated": hyphenated, "classname": name.title().replace("_", "")}
    try:
        target.mkdir()
        written = []
        for path, text in _FILES.items():
            file = target / Template(path).substitute(words)
            file.parent.mkdir(exist_ok=True)
            file.write_text(Template(text).substitute(words))
            written.append(file)
    except FileExistsError:
        raise InvalidArgument(f"{target} is there already", hint="another name, or move it away") from None
    except OSError as error:
        raise InvalidArgument(f"cannot write {target}: {error.strerror}") from error
    return written


def _check_name(name: str) -> None:
    if not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise InvalidArgument(
            f'"{name}" cannot be the name of an algorithm: it is words of a to z and digits with _ between them',
            hint="pgml new-plugin partial_least_squares",
        )
    if name.startswith("pgml"):
        raise InvalidArgument(f'"{name}" begins with pgml, which is put in front of it anyway')
    for (taken, _), provided in find_plugins().algorithms.items():
        if name in (taken, *provided.algorithm.aliases) and provided.plugin.name == BUILT_IN:
            raise InvalidArgument(
                f'"{name}" is a built-in algorithm',
                hint="another name: no two plugins may provide one algorithm",
            )
