"""The conformance suite: what every algorithm keeps, whoever wrote it.

Each check takes an algorithm and raises AssertionError, in one sentence that names the algorithm, the rule
and the value, where it is not kept. ``check_algorithm`` runs them all; with pytest, one at a time::

    @pytest.mark.parametrize("check", pgml.plugin.checks.CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check):
        check(MyAlgorithm())
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from pgml.errors import InvalidHyperparameter, PgmlError
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.checks.comparison import compile_fitted, require, require_compiled_agrees
from pgml.plugin.checks.reading_back import is_saved, read_back, require_readable_elsewhere
from pgml.plugin.checks.rule import fit, fitted_to, rule
from pgml.plugin.checks.settings import (
    compiles_with_other_settings,
    declares_every_parameter,
    searched,
    uses_every_hyperparameter,
)
from pgml.plugin.checks.steadiness import (
    leaves_global_randomness_alone,
    predicts_each_row_by_itself,
    trains_the_same_in_any_process,
)
from pgml.plugin.checks.tables import easy_table, kinds, table
from pgml.plugin.objective import OBJECTIVES


def check_algorithm(
    algorithm: Algorithm, expected_failures: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Run every check; raise AssertionError, in one sentence, for the first that fails.

    ``expected_failures`` are names of checks that the algorithm cannot pass, each with the reason. They are run too,
    and one that passes is an error as well: what is expected to fail is what does.
    """
    names = [check.__name__ for check in CHECKS]
    for name, reason in expected_failures.items():
        require(algorithm, name in names, f"what is expected to fail must be one of {', '.join(names)}", name)
        said = isinstance(reason, str) and bool(reason.strip())
        require(algorithm, said, f"that {name} is expected to fail must have a reason", reason)
    for check in CHECKS:
        if check.__name__ not in expected_failures:
            check(algorithm)
            continue
        try:
            check(algorithm)
        except AssertionError:
            continue
        reason = expected_failures[check.__name__]
        require(algorithm, False, f"{check.__name__} was expected to fail ({reason})", "an algorithm that passes it")


@rule
def declares_itself(algorithm: Algorithm) -> None:
    """Name, objective, summary and source are given, in the form that the catalog shows."""
    require(algorithm, isinstance(algorithm, Algorithm), "must be an instance of pgml.Algorithm", algorithm)
    for name in (algorithm.name, *algorithm.aliases):
        snake = bool(re.fullmatch("[a-z][a-z0-9_]*", name))
        require(algorithm, snake, "its names must be lower_snake_case", name)
    objective, source = algorithm.objective, algorithm.source
    require(algorithm, objective in OBJECTIVES, f"its objective must be one of {tuple(OBJECTIVES)}", objective)
    require(algorithm, source.startswith("https://"), "its source must be the address of a page", source)
    for attribute in ("summary", "when"):
        text = getattr(algorithm, attribute)
        require(algorithm, text.endswith(".") and len(text) > 20, f"its {attribute} must be a sentence", text)
    can_be_positive = OBJECTIVES[objective].measured or not algorithm.positive_target
    require(algorithm, can_be_positive, "its positive_target is for a target that is measured", objective)


@rule
def declares_hyperparameters(algorithm: Algorithm) -> None:
    """Each hyperparameter is declared once, described in a sentence, and its values are allowed."""
    names = [hyperparameter.name for hyperparameter in algorithm.hyperparameters]
    require(algorithm, len(set(names)) == len(names), "must declare each hyperparameter once", names)
    for each in algorithm.hyperparameters:
        sentence = each.description.endswith(".") and each.description[0].isupper()
        require(algorithm, sentence, f"the description of {each.name} must be a sentence", each.description)
        for value in each.search:
            _accepts(algorithm, {each.name: value})
    both = set(names) & set(algorithm.left_out)
    require(algorithm, not both, "what is declared must not be left out", sorted(both))
    for constraint in algorithm.constraints:
        unknown = set(inspect.signature(constraint.holds).parameters) - {*names, "X", "y"}
        require(algorithm, not unknown, f'"{constraint.rule}" must speak of hyperparameters', sorted(unknown))
    _accepts(algorithm, {})
    json.dumps(algorithm.json_schema())


@rule
def refuses_bad_hyperparameters(algorithm: Algorithm) -> None:
    """A hyperparameter that does not exist, has the wrong type or is out of bounds is refused by name."""
    _refuses(algorithm, "no_such_hyperparameter", 1)
    for each in algorithm.hyperparameters:
        _refuses(algorithm, each.name, {"not": "a value"})
        if each.kind.minimum is not None:
            _refuses(algorithm, each.name, each.kind.minimum - 1e6)
        for bound in ("above", "below"):
            if getattr(each.kind, bound, None) is not None:
                _refuses(algorithm, each.name, getattr(each.kind, bound))
        if each.kind.maximum is not None:
            _refuses(algorithm, each.name, each.kind.maximum + 1e6)
        if each.kind.choices:
            _refuses(algorithm, each.name, "no such choice")
        if not each.nullable:
            _refuses(algorithm, each.name, None)


@rule
def fits_every_table(algorithm: Algorithm) -> None:
    """With its defaults it learns from tables of every kind, and answers in the form that is expected of it."""
    for kind in kinds(algorithm):
        X, y = table(algorithm, kind)
        fitted, objective = fitted_to(algorithm, kind), OBJECTIVES[algorithm.objective]
        _, classes = objective.read_target(y, "target")
        predicted = fitted.predict(X)
        try:
            objective.predictions(predicted, len(X), classes)
        except ValueError as wrong:
            require(algorithm, False, f"must predict {objective.prediction} ({kind}), not {wrong}", predicted)
        try:
            probabilities = objective.probabilities(fitted, X, classes)
        except ValueError as wrong:
            require(algorithm, False, f"must predict the probabilities of each class ({kind})", str(wrong))
        if probabilities is not None:
            sound = np.allclose(probabilities.sum(axis=1), 1)
            require(algorithm, sound, f"must predict probabilities that sum to 1 ({kind})", probabilities)


@rule
def learns(algorithm: Algorithm) -> None:
    """With its defaults it does better than the mean, or the most frequent class, on an easy table."""
    objective = OBJECTIVES[algorithm.objective]
    X, y = easy_table(algorithm, rows=120, features=4)
    naive = objective.metrics(y, objective.naive_predictions(y))[objective.key_metric]
    score = objective.metrics(y, fit(algorithm, X, y, "easy").predict(X))[objective.key_metric]
    better = objective.is_better(score, naive)
    require(algorithm, better, f"must beat a constant prediction, of {objective.key_metric} {naive:.3g}", score)


@rule
def repeats_itself(algorithm: Algorithm) -> None:
    """The same data and hyperparameters train the same model again, bit by bit."""
    X, y = table(algorithm, "plain")
    first, second = fitted_to(algorithm, "plain"), fit(algorithm, X, y, "plain")
    compiled = compile_fitted(algorithm, first)
    if compiled is None:
        alike = np.array_equal(first.predict(X), second.predict(X))
    else:
        again = compile_fitted(algorithm, second)
        alike = again is not None and compiled.to_bytes() == again.to_bytes()
    require(algorithm, alike, "must train the same model twice", "two models")


@rule
def leaves_its_inputs_alone(algorithm: Algorithm) -> None:
    """Neither fitting nor predicting changes the arrays that it is given."""
    X, y = table(algorithm, "plain")
    X_before, y_before = X.copy(), y.copy()
    fit(algorithm, X, y, "plain").predict(X)
    require(algorithm, np.array_equal(X, X_before), "must not change X", "an X that is different afterwards")
    require(algorithm, np.array_equal(y, y_before), "must not change y", "a y that is different afterwards")


@rule
def takes_weights(algorithm: Algorithm) -> None:
    """An estimator whose ``fit`` has a ``sample_weight`` can be given one."""
    X, y = table(algorithm, "plain")
    estimator = algorithm.estimator(**algorithm.check({}))
    if "sample_weight" in inspect.signature(estimator.fit).parameters:
        weights = np.where(np.arange(len(y)) % 2, 1.0, 3.0)
        answers = estimator.fit(X, y, sample_weight=weights).predict(X)
        require(algorithm, _finite(answers), "must predict finite numbers (with weights)", answers)


@rule
def knows_missing_values(algorithm: Algorithm) -> None:
    """An algorithm that says so learns from missing values, predicts with them, and compiles to the same."""
    if algorithm.missing:
        X, y = easy_table(algorithm, features=4)
        X_missing = X.copy()
        X_missing[::5, 0] = np.nan
        X_missing[3::7, 2] = np.nan
        X_empty = X.copy()
        X_empty[:, 1] = np.nan
        X_asked = np.vstack([X, X_missing, np.full((1, 4), np.nan)])
        tables_seen = {
            "missing values": X_missing,
            "a feature without values": X_empty,
            "missing values after none in training": X,
        }
        for kind, X_seen in tables_seen.items():
            require_compiled_agrees(algorithm, fit(algorithm, X_seen, y, kind), X_asked, kind)


@rule
def reads_back(algorithm: Algorithm) -> None:
    """An estimator that is saved and read again predicts the same, whatever its settings, in any process."""
    saved = []
    for kind in kinds(algorithm)[:2]:
        X, fitted = table(algorithm, kind)[0], fitted_to(algorithm, kind)
        kept = read_back(algorithm, fitted, X, kind)
        saved += [kept] if is_saved(algorithm, fitted) else []
    X, y = table(algorithm, "plain")
    for settings, fitted in searched(algorithm):
        if is_saved(algorithm, fitted):
            saved.append(read_back(algorithm, fitted, X, settings))
    if saved:  # what a library makes of many rows may be of another type
        X, y = easy_table(algorithm, rows=400)
        saved.append(read_back(algorithm, fit(algorithm, X, y, "many rows"), X, "many rows"))
    require_readable_elsewhere(algorithm, saved)


@rule
def compiles_to_the_same(algorithm: Algorithm) -> None:
    """The compiled predictor, if there is one, gives the estimator's own labels, probabilities and numbers."""
    for kind in kinds(algorithm):
        X, _ = table(algorithm, kind)
        X_asked = np.vstack([X, X[:20] * 3 + 1, np.zeros((1, X.shape[1]))])
        require_compiled_agrees(algorithm, fitted_to(algorithm, kind), X_asked, kind)


CHECKS: list[Callable[[Algorithm], None]] = [
    declares_itself,
    declares_hyperparameters,
    declares_every_parameter,
    refuses_bad_hyperparameters,
    fits_every_table,
    learns,
    repeats_itself,
    leaves_its_inputs_alone,
    leaves_global_randomness_alone,
    predicts_each_row_by_itself,
    takes_weights,
    knows_missing_values,
    reads_back,
    compiles_to_the_same,
    compiles_with_other_settings,
    uses_every_hyperparameter,
    trains_the_same_in_any_process,
]


def _finite(answers: np.ndarray) -> bool:
    return bool(np.isfinite(answers).all())


def _accepts(algorithm: Algorithm, given: dict[str, Any]) -> None:
    try:
        json.dumps(algorithm.check(given), allow_nan=False)
    except PgmlError as error:
        require(algorithm, False, f"must accept what it declares, {given}", error.message)


def _refuses(algorithm: Algorithm, name: str, value: Any) -> None:
    rule = f"must refuse the hyperparameter {name} = {value!r} by its name, with InvalidHyperparameter"
    try:
        algorithm.check({name: value})
    except InvalidHyperparameter as error:
        require(algorithm, algorithm.name in error.message and name in error.message, rule, error.message)
    else:
        require(algorithm, False, rule, "no error")
