"""The outputs: how the scores of a model become its answer, by definition, in plain Python.

Regression takes one score. Classification takes k scores: one where there are two classes, else one a
class (or one a pair of classes). The label is the second class where the only score is above zero, else
the class of the first highest score. In ``single`` precision (XGBoost) every result is rounded to
float32, and the label is decided on the rounded probabilities, as the library does.
"""

from __future__ import annotations

from collections.abc import Sequence

REGRESSION = ("value", "exp", "sigmoid")
# output: for how many scores it stands: "one", "classes" (one a class), "either", "pairs", "any"
CLASSIFICATION = {
    "label": "either",
    "logistic": "one",
    "logistic_closed": "one",
    "exponential": "one",
    "softmax": "classes",
    "one_vs_rest": "classes",
    "modified_huber": "either",
    "probability": "classes",
    "samme": "either",
    "one_vs_one": "pairs",
    "one_vs_one_ties": "pairs",
    "one_vs_one_calibrated": "pairs",
    "gaussian_process": "either",
    "gaussian_process_votes": "pairs",
}
WITHOUT_PROBABILITIES = ("label", "one_vs_one_ties", "gaussian_process_votes")
# the zero of these is the second class: GradientBoosting compares with >=
CLOSED = ("logistic_closed", "exponential")


def fits(output: str, n_scores: int, n_classes: int | None) -> bool:
    """Say whether ``output`` can turn ``n_scores`` scores into an answer; ``n_classes`` None: regression."""
    if n_classes is None:
        return output in REGRESSION and n_scores == 1
    expected = {
        "one": n_classes == 2 and n_scores == 1,
        "classes": n_classes >= 2 and n_scores == n_classes,
        "either": n_scores == (1 if n_classes == 2 else n_classes),
        "pairs": n_classes >= 2 and n_scores == n_classes * (n_classes - 1) // 2,
    }
    # an ensemble that saw one class only still has one probability
    return expected.get(CLASSIFICATION.get(output, ""), False) or (output, n_scores, n_classes) == ("probability", 1, 1)


def check_output(output: str, n_scores: int, classes: Sequence[float] | None) -> None:
    """Raise ValueError where ``output`` does not fit the scores and classes."""
    n_classes = None if classes is None else len(classes)
    if not fits(output, n_scores, n_classes):
        raise ValueError(f'output "{output}" does not fit {n_scores} scores and {n_classes} classes')
