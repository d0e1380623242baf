"""The build side of a compiled model: a family, its tensors and what is common to all of them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pgml.predictors.read.format import METADATA_KEY, VERSION


class NotCompilable(Exception):
    """The fitted estimator has no exact compiled form; the message says what is in the way."""


@dataclasses.dataclass(frozen=True, eq=False)
class Predictor:
    """A compiled model, immutable; made by ``predictor`` of the modules linear, forest, oblivious, kernel and dense.

    ``family`` names the evaluator and ``settings`` are its own parameters (JSON). ``output`` is how scores
    become an answer (see ``pgml.predictors.read.outputs``). ``classes`` are the labels, None for a regression.
    ``missing`` says whether a missing feature (NaN) is something the model knows. ``objective`` is the name of
    what it was trained for, None where it was not trained here.
    """

    family: str
    n_features: int
    output: str
    tensors: Mapping[str, np.ndarray]
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)
    classes: tuple[float, ...] | None = None
    features: tuple[str, ...] | None = None
    missing: bool = False
    objective: str | None = None

    def prepared(
        self,
        *,
        objective: str | None = None,
        features: Sequence[str] | None = None,
        classes: Sequence[float] | None = None,
        center: np.ndarray | None = None,
        scale: np.ndarray | None = None,
        importances: Sequence[float] | np.ndarray | None = None,
    ) -> Predictor:
        """Return a copy with an objective, feature names, labels, a scaling of the input, ``(x - center) / scale``, or
        importances.

        ``features`` are n_features names, ``classes`` replaces the labels (as many as before), ``center`` and
        ``scale`` are [n_features] each and come together. ``importances`` [n_features] say how much each feature
        matters by the library's own measure, on any scale: their shares of the sum are kept, to be shown, unless one
        is negative or no number (which libraries give where nothing is split). What is None stays as it is. Raises
        ValueError where something does not fit.
        """
        changes: dict[str, Any] = {} if objective is None else {"objective": objective}
        if features is not None:
            if len(features) != self.n_features:
                raise ValueError(f"{len(features)} feature names for {self.n_features} features")
            changes["features"] = tuple(str(name) for name in features)
        if classes is not None:
            if self.classes is None or len(classes) != len(self.classes):
                raise ValueError(f"{len(classes)} classes do not replace {self.classes!r}")
            changes["classes"] = labels(classes)
        if (center is None) != (scale is None):
            raise ValueError("center and scale come together")
        if center is not None:
            scaling = {"center": floats(center, (self.n_features,)), "scale": floats(scale, (self.n_features,))}
            changes["tensors"] = {**self.tensors, **scaling}
        if importances is not None:
            shares = floats(importances, (self.n_features,))
            if np.all(np.isfinite(shares) & (shares >= 0)):
                shares = shares / (shares.sum() or 1.0)
                changes["tensors"] = {**changes.get("tensors", self.tensors), "importances": shares}
        return dataclasses.replace(self, **changes)

    def to_bytes(self) -> bytes:
        """Return the model in the safetensors format; equal models give equal bytes."""
        from safetensors.numpy import save

        about = {
            "version": VERSION,
            "family": self.family,
            "objective": self.objective,
            "n_features": self.n_features,
            "features": self.features or tuple(f"feature_{i}" for i in range(1, self.n_features + 1)),
            "classes": self.classes,
            "missing": self.missing,
            "output": self.output,
            "settings": dict(self.settings),
        }
        metadata = {METADATA_KEY: json.dumps(about, sort_keys=True, separators=(",", ":"))}
        return bytes(save({name: np.ascontiguousarray(tensor) for name, tensor in self.tensors.items()}, metadata))


def floats(values: object, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``values`` as float64 of ``shape`` (-1: any length); raise ValueError where they do not fit."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim != len(shape) or any(want not in (-1, got) for want, got in zip(shape, array.shape)):
        raise ValueError(f"an array of shape {array.shape} where {shape} is needed")
    return array


def evened(singles: np.ndarray) -> np.ndarray:
    """Return float32 numbers, one more where there is an odd number of them.

    Bytes that lie behind them in the file must be aligned to 8 bytes to be used where they lie.
    """
    return np.concatenate([singles, np.zeros(len(singles) % 2, np.float32)])


def labels(classes: Sequence[float] | None) -> tuple[float, ...] | None:
    """Return ``classes`` as a tuple of floats; None stays None."""
    return None if classes is None else tuple(float(label) for label in classes)
