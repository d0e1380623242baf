"""PyTorch as a plugin of pgml: multi-layer perceptrons for regression and classification, compiled."""

from __future__ import annotations

from typing import Any

import pgml
from pgml_torch import declarations


class _Torch(pgml.Algorithm):
    """What both objectives have in common."""

    name = "torch_perceptron"
    summary = (
        "A multi-layer perceptron: layers of weighted sums with a bend between them, trained by PyTorch."
    )
    when = (
        "For smooth relations between many features, on thousands of rows and more. On small tables boosted trees "
        "are usually more accurate, and they need no search for the right layers."
    )
    source = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html"
    scaled = True
    left_out = declarations.LEFT_OUT
    constraints = declarations.CONSTRAINTS

    def estimator(self, **hyperparameters: Any) -> Any:
        from pgml_torch import perceptron

        return self._kind(perceptron)(**hyperparameters)

    def compile(self, fitted: Any) -> Any:
        from pgml.predictors.build import dense

        return dense.predictor(
            fitted.layers,
            activation=fitted.activation,
            output=fitted.output,
            classes=range(fitted.width) if self.objective == "classification" else None,
        )

    def save(self, fitted: Any) -> bytes:
        """Return the layers in the safetensors format."""
        return fitted.to_safetensors()

    def load(self, saved: bytes) -> Any:
        """Return the model that :meth:`save` saved; raise CorruptPredictor where its layers do not fit together."""
        from pgml_torch import perceptron

        return self._kind(perceptron).from_safetensors(saved)

    def _kind(self, module: Any) -> type:
        if self.objective == "regression":
            return module.PerceptronRegression
        return module.PerceptronClassification


class TorchRegression(_Torch):
    """A multi-layer perceptron for regression."""

    objective = "regression"
    hyperparameters = declarations.REGRESSION


class TorchClassification(_Torch):
    """A multi-layer perceptron for classification."""

    objective = "classification"
    hyperparameters = declarations.CLASSIFICATION
    left_out = declarations.LEFT_OUT | declarations.CLASSIFICATION_LEFT_OUT


@pgml.hookimpl
def pgml_algorithms() -> list[pgml.Algorithm]:
    return [TorchRegression(), TorchClassification()]
