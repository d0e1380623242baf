"""LightGBM as a plugin of pgml: gradient boosted trees for regression and classification, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pgml
from pgml_lightgbm import declarations, trees
from pgml_lightgbm.constraints import CLASSIFICATION_CONSTRAINTS, CONSTRAINTS, REGRESSION_CONSTRAINTS
from pgml_lightgbm.left_out import CLASSIFICATION_LEFT_OUT, LEFT_OUT, REGRESSION_LEFT_OUT


class _LightGBM(pgml.Algorithm):
    """What both objectives have in common."""

    name = "lightgbm"
    summary = "Gradient boosted trees by LightGBM, each grown where it gains most."
    when = (
        "On tables of many rows, where it trains fastest of all boosted trees; it takes features of any scale and "
        "missing values. On a few hundred rows, lower min_child_samples."
    )
    source = "https://lightgbm.readthedocs.io/en/stable/Parameters.html"
    missing = True
    constraints = CONSTRAINTS
    left_out = LEFT_OUT

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        self.check_data(values, X, y)
        model = self.estimator(**values)
        if values["early_stopping_rounds"] is None:
            return model.fit(X, y)
        from sklearn.model_selection import train_test_split

        X, X_held_out, y, y_held_out = train_test_split(
            X,
            y,
            test_size=values["validation_fraction"],
            random_state=values["random_state"],
            stratify=y if self.objective == "classification" else None,
        )
        return model.fit(X, y, eval_X=X_held_out, eval_y=y_held_out)

    def compile(self, fitted: Any) -> Any:
        text = fitted.booster_.model_to_string()  # up to the best round, where training stopped early
        classes = range(fitted.n_classes_) if self.objective == "classification" else None
        return trees.compiled(trees.parse(text), classes)

    def save(self, fitted: Any) -> bytes:
        """Return the trees in LightGBM's own format, which is text."""
        return fitted.booster_.model_to_string().encode()

    def load(self, saved: bytes) -> Any:
        """Return the model that :meth:`save` saved; raise CorruptPredictor where its trees are none."""
        from pgml_lightgbm import booster

        kind = booster.BoostedRegression if self.objective == "regression" else booster.BoostedClassification
        return kind(saved)

    def _settings(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the library's parameters: those that apply, and what keeps it quiet and repeatable."""
        given = {name: value for name, value in hyperparameters.items() if value is not None}
        given.pop("validation_fraction")
        if given["data_sample_strategy"] == "bagging":
            del given["top_rate"], given["other_rate"]
        return {**given, "deterministic": True, "force_col_wise": True, "verbosity": -1}


class LightGBMRegression(_LightGBM):
    """LightGBM for regression."""

    objective = "regression"
    hyperparameters = declarations.REGRESSION
    constraints = CONSTRAINTS + REGRESSION_CONSTRAINTS
    left_out = LEFT_OUT | REGRESSION_LEFT_OUT

    def estimator(self, **hyperparameters: Any) -> Any:
        import lightgbm

        return lightgbm.LGBMRegressor(**self._settings(hyperparameters))


class LightGBMClassification(_LightGBM):
    """LightGBM for classification."""

    objective = "classification"
    hyperparameters = declarations.CLASSIFICATION
    constraints = CONSTRAINTS + CLASSIFICATION_CONSTRAINTS
    left_out = LEFT_OUT | CLASSIFICATION_LEFT_OUT

    def estimator(self, **hyperparameters: Any) -> Any:
        import lightgbm

        return lightgbm.LGBMClassifier(**self._settings(hyperparameters))


@pgml.hookimpl
def pgml_algorithms() -> list[pgml.Algorithm]:
    return [LightGBMRegression(), LightGBMClassification()]
