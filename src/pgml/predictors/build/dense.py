"""Build dense predictors: a multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pgml.predictors.build.predictor import Predictor, labels
from pgml.predictors.read.outputs import check_output

ACTIVATIONS = ("relu", "tanh", "logistic", "identity")


def predictor(
    layers: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    activation: str = "relu",
    output: str = "value",
    classes: Sequence[float] | None = None,
) -> Predictor:
    """Return a dense predictor.

    ``layers`` are (weights [n_out, n_in], bias [n_out]), input side first, all float32 (then everything is
    computed in float32) or all float64. ``activation`` follows every layer but the last. Raises ValueError
    where shapes do not fit.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation {activation!r} is none of {', '.join(ACTIVATIONS)}")
    if not layers:
        raise ValueError("a dense predictor needs a layer")
    types = {np.asarray(array).dtype for layer in layers for array in layer}
    if types not in ({np.dtype(np.float32)}, {np.dtype(np.float64)}):
        raise ValueError("the layers are neither all float32 nor all float64")
    tensors, width = {}, np.asarray(layers[0][0]).shape[1]
    n_features = width
    for index, (weights, bias) in enumerate(layers):
        weights, bias = np.asarray(weights), np.asarray(bias)
        if weights.ndim != 2 or weights.shape[1] != width or bias.shape != (weights.shape[0],):
            raise ValueError(f"layer {index} has weights {weights.shape} and bias {bias.shape} for {width} inputs")
        width = weights.shape[0]
        tensors[f"weights_{index}"], tensors[f"bias_{index}"] = weights, bias
    check_output(output, width, classes)
    settings = {"activation": activation, "single": types == {np.dtype(np.float32)}, "layers": len(layers)}
    return Predictor("dense", n_features, output, tensors, settings, classes=labels(classes))
