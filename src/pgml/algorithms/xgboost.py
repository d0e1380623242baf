"""Gradient boosting by XGBoost, with each of its boosters: trees, trees with dropout, and linear models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgml.algorithms._settings import because, can_hold_out
from pgml.algorithms._xgboost_settings import DART, GENERAL, LINEAR, TREES
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import Choice, Constraint, Float, Hyperparameter

if TYPE_CHECKING:
    from pgml.predictors import Predictor

_ONLY_FOR = {
    "gbtree": {each.name for each in TREES},
    "dart": {each.name for each in (*TREES, *DART)},
    "gblinear": {each.name for each in LINEAR},
}
_ALL_OWN = set.union(*_ONLY_FOR.values())

_POSITIVE_TARGETS = ("reg:gamma", "count:poisson", "reg:tweedie")


class _XGBoost(Algorithm):
    """What both objectives have in common."""

    missing = True
    source = "https://xgboost.readthedocs.io/en/stable/parameter.html"
    constraints = (
        Constraint(
            "booster must be gbtree or dart where early_stopping_rounds is given",
            lambda booster, early_stopping_rounds: early_stopping_rounds is None or booster != "gblinear",
        ),
        Constraint(
            "grow_policy must be depthwise, and max_depth at least 1, where tree_method is exact",
            lambda tree_method, grow_policy, max_depth: (
                tree_method != "exact" or (grow_policy == "depthwise" and max_depth > 0)
            ),
        ),
        Constraint(
            "sampling_method must be uniform where device is cpu",
            lambda sampling_method, device: device != "cpu" or sampling_method == "uniform",
        ),
        Constraint(
            "feature_selector must be cyclic or shuffle where updater is shotgun",
            lambda feature_selector, updater: (
                updater != "shotgun" or feature_selector in ("cyclic", "shuffle")
            ),
        ),
        Constraint(
            "monotone_constraints must have one number a feature",
            lambda monotone_constraints, X: (
                monotone_constraints is None or len(monotone_constraints) == X.shape[1]
            ),
        ),
        Constraint(
            "feature_weights must have one number a feature",
            lambda feature_weights, X: feature_weights is None or len(feature_weights) == X.shape[1],
        ),
        Constraint(
            "interaction_constraints must name features from 0 to their number less 1",
            lambda interaction_constraints, X: (
                interaction_constraints is None or max(map(max, interaction_constraints)) < X.shape[1]
            ),
        ),
        Constraint(
            "validation_fraction must leave rows of each class on both sides where early_stopping_rounds is given",
            lambda validation_fraction, early_stopping_rounds, y: (
                early_stopping_rounds is None or can_hold_out(validation_fraction, y)
            ),
        ),
    )
    left_out = because(
        verbosity="there is no terminal to print to",
        callbacks="they are code, not values",
        missing="a missing value is NULL (or NaN)",
        eval_metric="early stopping watches the loss that is optimised",
        enable_categorical="categories reach the algorithm as numbers",
        feature_types="all features are numbers",
        max_cat_to_onehot="categories reach the algorithm as numbers",
        max_cat_threshold="categories reach the algorithm as numbers",
        importance_type="it changes an explanation, not the model",
        validate_parameters="pgml checks them",
        multi_strategy="it is for several targets at once",
    )

    def estimator(self, **hyperparameters: Any) -> Any:
        import xgboost

        own = _ONLY_FOR[hyperparameters["booster"]]
        given = {
            name: value
            for name, value in hyperparameters.items()
            if value is not None and (name in own or name not in _ALL_OWN) and name != "validation_fraction"
        }
        if "monotone_constraints" in given:
            given["monotone_constraints"] = tuple(given["monotone_constraints"])
        if "interaction_constraints" in given:  # the library takes numbers of features as text only
            given["interaction_constraints"] = json.dumps(given["interaction_constraints"])
        maker = xgboost.XGBRegressor if self.objective == "regression" else xgboost.XGBClassifier
        return maker(**given)

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        self.check_data(values, X, y)
        model = self.estimator(**values)
        if values["early_stopping_rounds"] is None:
            return model.fit(X, y, verbose=False)
        from sklearn.model_selection import train_test_split

        X, X_held_out, y, y_held_out = train_test_split(
            X,
            y,
            test_size=values["validation_fraction"],
            random_state=values["random_state"],
            stratify=y if self.objective == "classification" else None,
        )
        return model.fit(X, y, eval_set=[(X_held_out, y_held_out)], verbose=False)

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.boosters import xgboost

        return xgboost(fitted)

    def save(self, fitted: Any) -> bytes:
        """Return the model in XGBoost's own format, UBJSON."""
        return bytes(fitted.get_booster().save_raw("ubj"))

    def load(self, saved: bytes) -> Any:
        """Return the model that :meth:`save` saved."""
        import xgboost

        model = xgboost.XGBRegressor() if self.objective == "regression" else xgboost.XGBClassifier()
        model.load_model(bytearray(saved))
        return model


class XGBoostRegression(_XGBoost):
    """XGBoost for regression."""

    name = "xgboost"
    objective = "regression"
    summary = "Gradient boosted trees by XGBoost: each tree corrects the sum of those before it."
    when = (
        "Usually the most accurate choice on tables, once its settings are searched; it takes features of any "
        "scale and missing values, and trains fast on many rows."
    )
    hyperparameters = (
        Hyperparameter(
            "objective",
            Choice(
                "reg:squarederror",
                "reg:squaredlogerror",
                "reg:absoluteerror",
                "reg:pseudohubererror",
                "reg:quantileerror",
                "reg:logistic",
                "reg:gamma",
                "reg:tweedie",
                "count:poisson",
            ),
            "reg:squarederror",
            "The loss that is optimised: absoluteerror and pseudohubererror resist outliers, count:poisson is for"
            " counts, reg:logistic for targets between 0 and 1.",
        ),
        Hyperparameter(
            "quantile_alpha",
            Float(above=0, below=1),
            0.5,
            "With reg:quantileerror, which quantile to predict: 0.5 is the median (the library has no default).",
        ),
        Hyperparameter(
            "tweedie_variance_power",
            Float(minimum=1, below=2),
            1.5,
            "With reg:tweedie, how the variance grows with the mean: near 1 as Poisson, near 2 as gamma.",
        ),
        Hyperparameter(
            "huber_slope",
            Float(above=0),
            1.0,
            "With reg:pseudohubererror, from which error on the loss grows linearly.",
        ),
        *GENERAL,
        *TREES,
        Hyperparameter(
            "base_score",
            Float(),
            None,
            "The prediction that boosting starts from; null estimates it from the data.",
        ),
        *DART,
        *LINEAR,
    )
    constraints = (
        *_XGBoost.constraints,
        Constraint(
            "base_score must be between 0 and 1 where objective is reg:logistic",
            lambda base_score, objective: (
                base_score is None or objective != "reg:logistic" or 0 < base_score < 1
            ),
        ),
        Constraint(
            "base_score must be greater than 0 where objective is reg:gamma, reg:tweedie or count:poisson",
            lambda base_score, objective: (
                base_score is None or objective not in _POSITIVE_TARGETS or base_score > 0
            ),
        ),
        Constraint(
            "the target must be between 0 and 1 where objective is reg:logistic",
            lambda objective, y: objective != "reg:logistic" or 0 <= y.min() <= y.max() <= 1,
        ),
        Constraint(
            "the target must not be negative where objective is reg:tweedie or count:poisson, nor 0 where reg:gamma",
            lambda objective, y: (
                objective not in _POSITIVE_TARGETS
                or y.min() > 0
                or (y.min() == 0 and objective != "reg:gamma")
            ),
        ),
        Constraint(
            "the target must be greater than -1 where objective is reg:squaredlogerror",
            lambda objective, y: objective != "reg:squaredlogerror" or y.min() > -1,
        ),
    )
    left_out = because(
        **_XGBoost.left_out, scale_pos_weight="it weighs the second of two classes, and a regression has none"
    )

    def estimator(self, **hyperparameters: Any) -> Any:
        objective = hyperparameters["objective"]
        only_for = {
            "quantile_alpha": "reg:quantileerror",
            "tweedie_variance_power": "reg:tweedie",
            "huber_slope": "reg:pseudohubererror",
        }
        kept = {
            name: value
            for name, value in hyperparameters.items()
            if only_for.get(name, objective) == objective
        }
        return super().estimator(**kept)


class XGBoostClassification(_XGBoost):
    """XGBoost for classification."""

    name = "xgboost"
    objective = "classification"
    summary = "Gradient boosted trees by XGBoost: each tree corrects the sum of those before it."
    when = XGBoostRegression.when
    hyperparameters = (
        *GENERAL,
        *TREES,
        Hyperparameter(
            "scale_pos_weight",
            Float(above=0),
            1.0,
            "With two classes, how much a row of the second weighs; rows of the first weigh 1.",
        ),
        Hyperparameter(
            "base_score",
            Float(above=0, below=1),
            None,
            "The probability that boosting starts from; null estimates it from the data.",
        ),
        *DART,
        *LINEAR,
    )
    constraints = (
        *_XGBoost.constraints,
        Constraint(
            "scale_pos_weight must be 1 where there are more than two classes",
            lambda scale_pos_weight, y: scale_pos_weight == 1 or y.max() < 2,
        ),
    )
    left_out = because(
        **_XGBoost.left_out,
        objective="it follows from the number of classes: binary:logistic or multi:softprob",
    )

    def estimator(self, *, scale_pos_weight: float, **hyperparameters: Any) -> Any:
        weight = {} if scale_pos_weight == 1 else {"scale_pos_weight": scale_pos_weight}
        return super().estimator(**weight, **hyperparameters)


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [XGBoostRegression(), XGBoostClassification()]
