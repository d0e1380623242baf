"""Scores of a model on rows that it was not trained on, and which of two is better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# The key metric of each objective, and whether a higher value is better.
KEY_METRICS = {"regression": ("mean_squared_error", False), "classification": ("f1", True)}


def is_better(objective: str, value: float | None, than: float | None) -> bool:
    """Return whether one value of the objective's key metric is better than another; None is the worst."""
    if value is None or than is None:
        return value is not None
    return value > than if KEY_METRICS[objective][1] else value < than


def regression_metrics(y_true: np.ndarray, y_pred: np.ndarray) -> dict[str, float | None]:
    """Return the scores of predictions [rows] against true values [rows].

    mean_squared_error, root_mean_squared_error and mean_absolute_error are in (powers of) the target's unit;
    r2 is None for a single row, where it is not defined.
    """
    from sklearn import metrics

    mean_squared_error = metrics.mean_squared_error(y_true, y_pred)
    return _finite(
        mean_squared_error=mean_squared_error,
        root_mean_squared_error=math.sqrt(mean_squared_error),
        mean_absolute_error=metrics.mean_absolute_error(y_true, y_pred),
        r2=metrics.r2_score(y_true, y_pred) if len(y_true) > 1 else None,
    )


def classification_metrics(
    y_true: np.ndarray, y_pred: np.ndarray, probabilities: np.ndarray | None = None
) -> dict[str, float | None]:
    """Return the scores of predicted class indices [rows] against true ones [rows].

    f1, precision and recall are the unweighted means over the classes (macro). With ``probabilities``
    [rows, classes] there are log_loss and roc_auc (one class against the rest, macro) too; roc_auc is None
    where a class is missing from the rows and it is not defined.
    """
    from sklearn import metrics

    macro = {"average": "macro", "zero_division": 0}
    scores = {
        "f1": metrics.f1_score(y_true, y_pred, **macro),
        "precision": metrics.precision_score(y_true, y_pred, **macro),
        "recall": metrics.recall_score(y_true, y_pred, **macro),
        "accuracy": metrics.accuracy_score(y_true, y_pred),
    }
    if probabilities is not None:
        classes = range(probabilities.shape[1])
        scores["log_loss"] = metrics.log_loss(y_true, probabilities, labels=classes)
        scores["roc_auc"] = None
        if len(set(y_true)) == len(classes):
            of_each = probabilities[:, 1] if len(classes) == 2 else probabilities
            scores["roc_auc"] = metrics.roc_auc_score(y_true, of_each, multi_class="ovr")
    return _finite(**scores)


def _finite(**scores: float | None) -> dict[str, float | None]:
    """Return the scores as plain numbers; what is no number is None, since JSON has no word for it."""
    return {
        name: float(score) if score is not None and math.isfinite(score) else None
        for name, score in scores.items()
    }
