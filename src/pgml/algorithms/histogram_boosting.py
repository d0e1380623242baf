"""Gradient boosting on histograms by scikit-learn, after LightGBM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pgml.algorithms._scikit_learn import TreeEnsemble
from pgml.algorithms._settings import (
    CLASS_WEIGHT,
    LEARNING_RATE,
    MAX_DEPTH,
    MAX_ITER,
    MAX_LEAF_NODES,
    MONOTONIC,
    N_ITER_NO_CHANGE,
    ONE_A_FEATURE,
    RANDOM_STATE,
    TOLERANCE,
    TWO_CLASSES_ONLY,
    VALIDATION_FRACTION,
    CountOrShare,
    because,
    can_hold_out,
)
from pgml.errors import UnusableData
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.hookspecs import hookimpl
from pgml.plugin.hyperparameters import (
    Boolean,
    Choice,
    Constraint,
    Either,
    Float,
    Hyperparameter,
    Integer,
    Sequence,
)

if TYPE_CHECKING:
    import numpy

    from pgml.predictors import Predictor

_SETTINGS = (
    LEARNING_RATE,
    MAX_ITER.but(
        default=100,
        description="How many rounds of boosting: each adds one tree, or one a class.",
        search=(50, 100, 200, 500),
    ),
    MAX_LEAF_NODES.but(
        default=31,
        description="The most leaves of a tree; null means no limit.",
        search=(15, 31, 63, 127),
    ),
    MAX_DEPTH.but(
        description="The most levels of a tree; null means no limit but max_leaf_nodes.", search=()
    ),
    Hyperparameter(
        "min_samples_leaf",
        Integer(minimum=1),
        20,
        "How many rows a leaf must hold; lower it for tables of less than some hundred rows.",
        search=(5, 20, 50),
    ),
    Hyperparameter(
        "l2_regularization",
        Float(minimum=0),
        0.0,
        "Strength of the penalty on large leaf values; 0 means none.",
        search=(0.0, 0.1, 1.0, 10.0),
    ),
    Hyperparameter(
        "max_features",
        Float(above=0, maximum=1),
        1.0,
        "Which share of the features each split chooses from, at random.",
        search=(0.3, 0.7, 1.0),
    ),
    Hyperparameter(
        "max_bins", Integer(minimum=2, maximum=255), 255, "How many bins a feature's histogram has."
    ),
    MONOTONIC,
    Hyperparameter(
        "interaction_cst",
        Either(Choice("pairwise", "no_interactions"), Sequence(Sequence(Integer(minimum=0)))),
        None,
        "Groups of features (numbered from 0) that may meet in one branch of a tree; pairwise allows any two,"
        " no_interactions none, null lets all meet.",
    ),
    Hyperparameter(
        "early_stopping",
        Either(Boolean(), Choice("auto")),
        "auto",
        "Whether to stop by the loss on rows held out from training; auto does so from 10,000 rows on.",
    ),
    VALIDATION_FRACTION.but(
        kind=CountOrShare(largest_share=1 - 2**-53),
        description="How many rows (or which share of them) are held out to decide when to stop early; null"
        " decides on the training rows.",
        nullable=True,
    ),
    N_ITER_NO_CHANGE.but(
        default=10, description="Stops early after this many rounds in a row without improvement."
    ),
    TOLERANCE.but(
        default=1e-7,
        kind=Float(minimum=0),
        description="How much the loss must fall to count as an improvement.",
        search=(),
    ),
    RANDOM_STATE,
)
_LEFT_OUT = because(
    "verbose",
    "warm_start",
    categorical_features="categories reach the algorithm as numbers",
    scoring="early stopping watches the loss that is optimised",
)


def _stops_early(early_stopping: bool | str, X: numpy.ndarray) -> bool:
    return early_stopping is True or (early_stopping == "auto" and len(X) > 10000)


_RULES = (
    ONE_A_FEATURE,
    Constraint(
        "interaction_cst must name features from 0 to their number less 1",
        lambda interaction_cst, X: (
            interaction_cst is None
            or isinstance(interaction_cst, str)
            or max(map(max, interaction_cst)) < X.shape[1]
        ),
    ),
    Constraint(
        "validation_fraction must leave rows of each class on both sides where training stops early",
        lambda validation_fraction, early_stopping, X, y: (
            validation_fraction is None
            or not _stops_early(early_stopping, X)
            or can_hold_out(validation_fraction, y)
        ),
    ),
)


class _HistogramBoosting(TreeEnsemble):
    """What both objectives have in common."""

    name = "hist_gradient_boosting"
    summary = "Gradient boosted trees that choose their splits on histograms of the features."
    when = (
        "Accurate on tables of any size, from thousands of rows on much faster than gradient_boosting_trees; "
        "it takes features of any scale and missing values."
    )
    missing = True
    trusted_types = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
    left_out = _LEFT_OUT

    def fit(self, values: Mapping[str, Any], X: Any, y: Any) -> Any:
        import numpy

        empty = numpy.isnan(X).all(axis=0)
        if (
            empty.any()
        ):  # the library fails where a feature has no value at all; nothing splits on a constant one
            X = numpy.where(empty, 0.0, X)
        try:
            return super().fit(values, X, y)
        except ValueError as error:
            if "window shape" not in str(error):
                raise
            raise UnusableData(
                "hist_gradient_boosting: a feature has no value in the rows that early stopping leaves to train on",
                hint="set early_stopping to false",
            ) from error

    def compile(self, fitted: Any) -> Predictor:
        from pgml.predictors.convert.trees import hist_gradient_boosting

        return hist_gradient_boosting(fitted)

    def trees(self, fitted: Any) -> Iterable[tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]]:
        import numpy

        for iteration in fitted._predictors:
            for tree in iteration:
                leaf = tree.nodes["is_leaf"].astype(bool)
                children = (
                    numpy.where(leaf, -1, tree.nodes[side].astype("int64")) for side in ("left", "right")
                )
                yield *children, tree.nodes["feature_idx"]


class HistogramBoostingRegression(_HistogramBoosting):
    """Histogram gradient boosting for regression."""

    objective = "regression"
    library = "sklearn.ensemble.HistGradientBoostingRegressor"
    hyperparameters = (
        Hyperparameter(
            "loss",
            Choice("squared_error", "absolute_error", "gamma", "poisson", "quantile"),
            "squared_error",
            "What is lowered: absolute_error resists outliers, poisson is for counts, gamma for positive skewed"
            " targets, quantile predicts a quantile.",
        ),
        Hyperparameter(
            "quantile",
            Float(above=0, below=1),
            0.5,
            "With loss quantile, which quantile to predict: 0.5 is the median (the library has no default).",
        ),
        *_SETTINGS,
    )
    constraints = (
        *_RULES,
        Constraint(
            "the target must not be negative, nor 0 in all rows, where loss is poisson",
            lambda loss, y: loss != "poisson" or y.min() >= 0 < y.max(),
        ),
        Constraint(
            "the target must be greater than 0 where loss is gamma",
            lambda loss, y: loss != "gamma" or y.min() > 0,
        ),
    )


class HistogramBoostingClassification(_HistogramBoosting):
    """Histogram gradient boosting for classification."""

    objective = "classification"
    library = "sklearn.ensemble.HistGradientBoostingClassifier"
    hyperparameters = (*_SETTINGS, CLASS_WEIGHT)
    constraints = (*_RULES, TWO_CLASSES_ONLY)
    left_out = because(**_LEFT_OUT, loss="there is one only, log_loss")


@hookimpl
def pgml_algorithms() -> list[Algorithm]:
    return [HistogramBoostingRegression(), HistogramBoostingClassification()]
