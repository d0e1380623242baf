"""Fixtures of the predictors' tests: small data that every estimator can be fitted on."""

from __future__ import annotations

import warnings

import numpy as np
import pytest


class Data:
    """Features [n, 5] with ties and large and tiny columns, and targets of each kind."""

    def __init__(self):
        random = np.random.default_rng(7)
        self.rows = random.normal(size=(150, 5))
        self.rows[:, 1] = np.round(self.rows[:, 1])
        self.rows[:, 2] *= 100
        self.rows[:, 3] *= 1e-3
        signal = self.rows[:, 0] + 0.5 * self.rows[:, 1] + 0.01 * self.rows[:, 2] + 300 * self.rows[:, 3]
        self.number = signal + random.normal(scale=0.2, size=150)
        self.positive = np.exp(self.number / 3)
        self.two = (self.number > 0) + 3
        self.three = np.digitize(self.number, [-0.7, 0.7]) * 10

    def target(self, kind: str) -> np.ndarray:
        return getattr(self, kind)


@pytest.fixture(scope="session")
def data() -> Data:
    return Data()


@pytest.fixture(autouse=True)
def quiet():
    """Estimators that were given few iterations warn; that is not what is tested here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
