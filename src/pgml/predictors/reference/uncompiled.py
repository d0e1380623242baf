"""The family of models that only their plugin's own code can evaluate: every row is left to the engine."""

from __future__ import annotations

from pgml.predictors.read.parts import Common


class uncompiled:
    """A model that answers nothing itself; what is known of its features serves to check rows."""

    def __init__(self, common: Common):
        self.common = common

    def predict(self, row: object) -> None:
        """Return None: the row needs the engine."""

    predict_proba = predict
