"""Whether pgml-baseline keeps pgml's rules, and predicts what it says."""

from __future__ import annotations

import numpy as np
import pgml_baseline
import pytest

from pgml.plugin.checks import CHECKS, learns

REGRESSION, CLASSIFICATION = pgml_baseline.pgml_algorithms()


@pytest.mark.parametrize("algorithm", [REGRESSION, CLASSIFICATION], ids=repr)
@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check is not learns], ids=lambda check: check.__name__
)
def test_keeps_the_rules(algorithm, check):
    check(algorithm)


@pytest.mark.parametrize("algorithm", [REGRESSION, CLASSIFICATION], ids=repr)
def test_learns_nothing_from_the_features(algorithm):
    with pytest.raises(AssertionError, match="must beat a constant prediction"):
        learns(algorithm)


@pytest.mark.parametrize(
    ("hyperparameters", "expected"),
    [
        ({}, 4.0),
        ({"strategy": "median"}, 2.0),
        ({"strategy": "quantile", "quantile": 0}, 1.0),
        ({"strategy": "quantile", "quantile": 1}, 9.0),
    ],
)
def test_predicts_what_it_says(hyperparameters, expected):
    y = np.array([1.0, 9.0, 2.0])
    fitted = REGRESSION.fit(REGRESSION.check(hyperparameters), np.full((3, 2), np.nan), y)
    assert fitted.predict(np.zeros((2, 2))).tolist() == [expected, expected]


def test_predicts_the_commonest_class():
    fitted = CLASSIFICATION.fit(CLASSIFICATION.check({}), np.zeros((4, 1)), np.array([0, 2, 1, 2]))
    assert fitted.predict(np.zeros((1, 1))) == [2]
    assert fitted.predict_proba(np.zeros((1, 1))).tolist() == [[0.25, 0.25, 0.5]]
