"""CatBoost as a plugin of pgml: gradient boosted symmetric trees for regression and classification, compiled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pgml
from pgml_catboost import declarations
from pgml_catboost.constraints import CLASSIFICATION_CONSTRAINTS, CONSTRAINTS, REGRESSION_CONSTRAINTS
from pgml_catboost.left_out import CLASSIFICATION_LEFT_OUT, LEFT_OUT


class _CatBoost(pgml.Algorithm):
    """What both objectives have in common."""

    name = "catboost"
    summary = "Gradient boosted trees by CatBoost, which split alike on each level and so overfit less."
    when = (
        "When there is no time to search settings: its defaults are good on most tables. It takes features of any "
        "scale and missing values."
    )
    source = "https://catboost.ai/docs/en/references/training-parameters/"
    missing = True
    constraints = CONSTRAINTS
    left_out = LEFT_OUT

    def estimator(self, **hyperparameters: Any) -> Any:
        return self._boosted()(**declarations.library_parameters(hyperparameters))

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        self.check_data(values, X, y)
        if y.min() == y.max():  # no row has a gradient to be drawn by
            values = {**values, "bootstrap_type": "No"}
        model = self.estimator(**values)
        if values["early_stopping_rounds"] is None:
            return model.fit(X, y)
        from sklearn.model_selection import train_test_split

        X, X_held_out, y, y_held_out = train_test_split(
            X,
            y,
            test_size=values["validation_fraction"],
            random_state=values["random_seed"],
            stratify=y if self.objective == "classification" else None,
        )
        return model.fit(X, y, held_out=(X_held_out, y_held_out))

    def compile(self, fitted: Any) -> Any:
        from pgml_catboost.trees import compiled

        return compiled(fitted.described).prepared(importances=fitted.library.feature_importances_)

    def save(self, fitted: Any) -> bytes:
        """Return the model in CatBoost's JSON format."""
        return json.dumps(fitted.described).encode()

    def load(self, saved: bytes) -> Any:
        """Return the model that :meth:`save` saved; raise CorruptPredictor where it is none."""
        return self._boosted().from_json(saved)

    def _boosted(self) -> type:
        from pgml_catboost import boosted

        if self.objective == "regression":
            return boosted.BoostedRegression
        return boosted.BoostedClassification


class CatBoostRegression(_CatBoost):
    """CatBoost for regression."""

    objective = "regression"
    hyperparameters = declarations.REGRESSION
    constraints = CONSTRAINTS + REGRESSION_CONSTRAINTS


class CatBoostClassification(_CatBoost):
    """CatBoost for classification."""

    objective = "classification"
    hyperparameters = declarations.CLASSIFICATION
    constraints = CONSTRAINTS + CLASSIFICATION_CONSTRAINTS
    left_out = LEFT_OUT | CLASSIFICATION_LEFT_OUT


@pgml.hookimpl
def pgml_algorithms() -> list[pgml.Algorithm]:
    return [CatBoostRegression(), CatBoostClassification()]
