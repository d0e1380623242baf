"""Classification: the target is one of a few labels, which are whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgml.errors import UnusableData
from pgml.plugin.objective.definition import Objective, finite

_LARGEST_LABEL = 2**53  # from here on float64, in which the values of columns travel, has no odd numbers


class Classification(Objective):
    """Predicts a label; f1 decides. An estimator is given, and returns, the indices of the labels in ``classes``."""

    name = "classification"
    other_names = (
        "classifier", "classify", "class", "binary", "binary_classification", "multiclass",
        "multi_class_classification", "multinomial", "categorical", "logistic", "label",
    )  # fmt: skip
    key_metric = "f1"
    higher_is_better = True
    test_sampling = "stratified"
    prediction = "one number a row, the index of a class, from 0 to k - 1"
    example = ("Breast cancer", "pgml.breast_cancer")

    def read_target(self, values: Any, column: str) -> tuple[Any, Any]:
        import numpy as np

        beyond = values[np.abs(values) >= _LARGEST_LABEL]
        if len(beyond):
            raise UnusableData(
                f'"{column}" holds {beyond[0]:.17g}; labels from {_LARGEST_LABEL} on cannot be told from their neighbours',
                hint="train on a view that numbers the labels: dense_rank() OVER (ORDER BY label)",
            )
        fractions = values[values != np.floor(values)]
        if len(fractions):
            raise UnusableData(
                f'"{column}" holds {fractions[0]:g}; the labels of a classification are whole numbers',
                hint="for a target that is measured, not one of a few labels, use the objective regression",
            )
        classes, y = np.unique(values, return_inverse=True)
        if len(classes) < 2:
            raise UnusableData(
                f'"{column}" is {classes[0]:g} in every row; a classification needs two labels or more'
            )
        return y, classes

    def check_training_rows(self, y: Any, classes: Any, column: str) -> None:
        """Raise UnusableData where a label appears in test rows only."""
        import numpy as np

        unseen = np.setdiff1d(np.arange(len(classes)), y)
        if len(unseen):
            raise UnusableData(
                f'the label {classes[unseen[0]]:g} of "{column}" appears only in rows that are '
                "held back to test on, so there is nothing to learn it from",
                hint="the test_sampling stratified leaves some rows of each label to train on",
            )

    def predictions(self, predicted: Any, rows: int, classes: Any) -> Any:
        """Return what an estimator predicted for so many rows as an array of indices, checked: int64 [rows]."""
        import numpy as np

        predictions = super().predictions(predicted, rows, classes)
        strange = predictions[~np.isin(predictions, np.arange(len(classes)))]
        if len(strange):
            raise ValueError(f"the class {strange[0]:g} of {len(classes)}")
        return predictions.astype(np.int64)

    def probabilities(self, fitted: Any, X: Any, classes: Any) -> Any:
        import numpy as np

        if not hasattr(fitted, "predict_proba"):
            return None
        probabilities, shape = np.asarray(fitted.predict_proba(X)), (len(X), len(classes))
        if probabilities.shape != shape or not np.isfinite(probabilities).all():
            raise ValueError(
                f"predict_proba returned numbers of shape {probabilities.shape}, all finite numbers "
                f"of shape {shape} are needed"
            )
        return probabilities

    def answers(self, predictions: Any, classes: Any) -> Any:
        """Return the labels [rows] behind the indices."""
        import numpy as np

        return np.asarray(classes)[predictions]

    def metrics(self, y: Any, predictions: Any, probabilities: Any = None) -> dict[str, float | None]:
        """Return the scores of predicted labels, or indices, [rows] against true ones [rows].

        f1, precision and recall are the unweighted means over the classes (macro). With ``probabilities``
        [rows, classes], for which both have to be indices, there are log_loss and roc_auc (one class against the
        rest, macro) too; roc_auc is None where a class is missing from the rows and it is not defined.
        """
        import numpy as np
        from sklearn import metrics

        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            y, predictions, average="macro", zero_division=0
        )
        scores = {
            "f1": f1,
            "precision": precision,
            "recall": recall,
            "accuracy": metrics.accuracy_score(y, predictions),
        }
        if probabilities is not None:
            classes = range(probabilities.shape[1])
            sums = np.sum(probabilities, axis=1, keepdims=True, dtype=np.float64)
            if np.allclose(sums, 1, rtol=0, atol=1e-5):  # float32's rounding, of which scikit-learn would warn
                probabilities = probabilities / sums
            scores["log_loss"] = metrics.log_loss(y, probabilities, labels=classes)
            scores["roc_auc"] = None
            if len(set(y)) == len(classes):
                of_each = probabilities[:, 1] if len(classes) == 2 else probabilities
                scores["roc_auc"] = metrics.roc_auc_score(y, of_each, multi_class="ovr")
        return finite(**scores)

    def difference(self, served: Any, expected: Any) -> str | None:
        """Say in how many rows the labels differ: a label is the same or it is another, however near."""
        import numpy as np

        differing = int(np.count_nonzero(served != expected))
        return f"in {differing} of {len(expected)} rows" if differing else None

    def engine_output(self, classes: Any) -> tuple[str, int]:
        return "label", len(classes) if len(classes) > 2 else 1

    def example_targets(self, signal: Any) -> Mapping[str, Any]:
        import numpy as np

        ranks, rows = signal.argsort().argsort(), len(signal)
        return {
            "plain": (ranks * 2 // rows).astype(np.int64),
            "five classes": (ranks * 5 // rows).astype(np.int64),
            "unequal classes": (ranks >= rows - 4).astype(np.int64),
        }

    def naive_predictions(self, y: Any) -> Any:
        """Return the most frequent class for every row."""
        import numpy as np

        return np.full(len(y), np.bincount(y).argmax())

    def ties(self, fitted: Any, X: Any, predictions: Any) -> Any:
        """Return where two classes are as good as each other.

        That is where their probabilities are equal to 1e-7, or no numbers, or where the estimator answers so
        itself once the last digits of the features are other ones.
        """
        import numpy as np

        ties = super().ties(fitted, X, predictions)
        if hasattr(fitted, "predict_proba"):
            probabilities = fitted.predict_proba(X)
            of_predictions = probabilities[np.arange(len(X)), predictions.astype(int)]
            ties |= ~(probabilities.max(axis=1) - of_predictions >= 1e-7)
        random = np.random.default_rng(0)
        for _ in range(8):
            step = 1e-12 * random.choice([-1.0, 1.0], size=X.shape)
            ties |= fitted.predict(X + step * np.maximum(np.abs(X), 1.0)) == predictions
        return ties
