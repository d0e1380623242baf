"""Multi-layer perceptrons: trained in float32 by skorch, kept and evaluated in float64.

float64 is what a compiled perceptron is evaluated in, so that it and the one here give the same answers: sums of
float32 would differ with the order in which they are added.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import safetensors.numpy
import skorch
import torch
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit
from torch import nn

from pgml.errors import CorruptPredictor

_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "logistic": nn.Sigmoid, "identity": nn.Identity}
_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
_LOSSES = {"squared_error": nn.MSELoss, "absolute_error": nn.L1Loss, "huber": nn.HuberLoss}


class _Perceptron:
    """What both objectives have in common.

    Attributes:
        layers: (weights [out, in], bias [out]) of each layer, float64 arrays, the one next to the features first.
        activation: the name of the bend between them.
        width: how many scores the last layer gives.
        output: how these become the answer, in the words of pgml.predictors.
    """

    output: str
    layers: list[tuple[np.ndarray, np.ndarray]]
    activation: str

    def __init__(self, **settings: Any):
        self._settings = settings

    @property
    def width(self) -> int:
        return len(self.layers[-1][1])

    def scores(self, X: Any) -> np.ndarray:
        """Return the scores [rows, width] for standardised features [rows, features]."""
        with torch.no_grad():
            values = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float64))
            for index, (weights, bias) in enumerate(self.layers):
                if index:
                    values = _ACTIVATIONS[self.activation]()(values)
                values = nn.functional.linear(values, torch.from_numpy(weights), torch.from_numpy(bias))
        return values.numpy()

    def to_safetensors(self) -> bytes:
        """Return the layers in the safetensors format, with the activation in its metadata."""
        tensors = {
            f"{name}_{index}": array
            for index, layer in enumerate(self.layers)
            for name, array in zip(("weights", "bias"), layer, strict=True)
        }
        return safetensors.numpy.save(tensors, {"activation": self.activation})

    @classmethod
    def from_safetensors(cls, saved: bytes) -> _Perceptron:
        """Return the perceptron of these layers; raise CorruptPredictor where they do not fit together."""
        perceptron = cls()
        try:
            tensors = safetensors.numpy.load(saved)
            header = json.loads(saved[8 : 8 + int.from_bytes(saved[:8], "little")])
            perceptron.activation = header["__metadata__"]["activation"]
            perceptron.layers = [
                (tensors[f"weights_{i}"], tensors[f"bias_{i}"]) for i in range(len(tensors) // 2)
            ]
            features = perceptron.layers[0][0].shape[1]
            if perceptron.activation not in _ACTIVATIONS:
                raise ValueError(f"the activation {perceptron.activation} is unknown")
            if not np.isfinite(perceptron.scores(np.zeros((1, features)))).all():
                raise ValueError("it gives no finite numbers")
        except (
            safetensors.SafetensorError,
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            RuntimeError,
        ) as error:
            raise CorruptPredictor(f"the saved torch_perceptron model is not sound: {error}") from error
        return perceptron

    def _train(self, kind: type, criterion: Any, X: Any, y: np.ndarray, width: int, stratified: bool) -> None:
        """Set ``layers`` by training a network of skorch's class ``kind``."""
        settings = self._settings
        self.activation = settings["activation"]
        sizes = [X.shape[1], *settings["hidden_layer_sizes"], width]
        options = {"momentum": settings["momentum"]} if settings["optimizer"] == "sgd" else {}
        split, callbacks = None, []
        if settings["early_stopping_rounds"] is not None:
            split = ValidSplit(
                settings["validation_fraction"], stratified=stratified, random_state=settings["random_state"]
            )
            callbacks = [
                EarlyStopping(
                    patience=settings["early_stopping_rounds"],
                    threshold=0,
                    load_best=True,
                    sink=lambda text: None,
                )
            ]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["random_state"])
            torch.set_num_threads(settings["n_jobs"])
            net = kind(
                _network(sizes, _ACTIVATIONS[self.activation], settings["dropout"]),
                criterion=criterion,
                optimizer=_OPTIMIZERS[settings["optimizer"]],
                optimizer__weight_decay=settings["weight_decay"],
                lr=settings["learning_rate"],
                max_epochs=settings["max_epochs"],
                batch_size=settings["batch_size"],
                iterator_train__shuffle=True,
                train_split=split,
                callbacks=callbacks,
                verbose=0,
                **{f"optimizer__{name}": value for name, value in options.items()},
            )
            net.fit(np.asarray(X, dtype=np.float32), y)
        self.layers = [
            tuple(parameter.detach().double().numpy().copy() for parameter in (layer.weight, layer.bias))
            for layer in net.module_
            if isinstance(layer, nn.Linear)
        ]


class PerceptronRegression(_Perceptron):
    """A perceptron with one score, the prediction."""

    output = "value"

    def fit(self, X: Any, y: np.ndarray) -> PerceptronRegression:
        """Fit the network to a standardised target, then have its last layer undo the standardisation."""
        center, scale = y.mean(), y.std() or 1.0
        target = ((y - center) / scale).astype(np.float32).reshape(-1, 1)
        loss = _LOSSES[self._settings["loss"]]
        self._train(skorch.NeuralNetRegressor, loss, X, target, width=1, stratified=False)
        weights, bias = self.layers[-1]
        self.layers[-1] = (weights * scale, bias * scale + center)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the predictions [rows]."""
        return self.scores(X)[:, 0]


class PerceptronClassification(_Perceptron):
    """A perceptron with a score a class."""

    output = "softmax"

    def fit(self, X: Any, y: np.ndarray) -> PerceptronClassification:
        """Fit the network, lowering the cross entropy of the classes 0 to k - 1."""
        counts = np.bincount(y)
        loss = nn.CrossEntropyLoss()
        if self._settings["class_weight"] == "balanced":
            loss = nn.CrossEntropyLoss(torch.tensor(len(y) / (len(counts) * counts), dtype=torch.float32))
        classifier = skorch.NeuralNetClassifier
        self._train(classifier, loss, X, y.astype(np.int64), width=len(counts), stratified=True)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row [rows]."""
        return self.scores(X).argmax(axis=1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities [rows, classes]."""
        return torch.softmax(torch.from_numpy(self.scores(X)), dim=1).numpy()


def _network(sizes: list[int], activation: type[nn.Module], dropout: float) -> nn.Sequential:
    """Return linear layers of these sizes with the activation, and dropout where there is any, between them."""
    modules: list[nn.Module] = [nn.Linear(sizes[0], sizes[1])]
    for incoming, outgoing in zip(sizes[1:], sizes[2:], strict=False):
        modules += [activation(), *([nn.Dropout(dropout)] if dropout else []), nn.Linear(incoming, outgoing)]
    return nn.Sequential(*modules)
