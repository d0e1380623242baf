"""The hyperparameters of the perceptrons, and skorch's parameters that are left out, with the reasons."""

from __future__ import annotations

import math
from typing import Any

from pgml import Choice, Constraint, Float, Hyperparameter, Integer, Sequence

_SETTINGS = (
    Hyperparameter(
        "hidden_layer_sizes",
        Sequence(Integer(minimum=1)),
        (64, 64),
        "How many units each layer between the features and the answer has.",
        search=((32,), (64, 64), (128, 64), (256, 128)),
    ),
    Hyperparameter(
        "activation",
        Choice("relu", "tanh", "logistic", "identity"),
        "relu",
        "The bend after each of these layers; with identity the model is linear.",
        search=("relu", "tanh"),
    ),
    Hyperparameter(
        "max_epochs",
        Integer(minimum=1),
        30,
        "How many times training goes through all rows: more fit closer, down to the noise.",
        search=(10, 30, 100),
    ),
    Hyperparameter(
        "batch_size",
        Integer(minimum=1),
        32,
        "From how many rows each step is computed: more train faster and need more epochs.",
        search=(32, 128, 512),
    ),
    Hyperparameter(
        "optimizer",
        Choice("adam", "adamw", "sgd"),
        "adam",
        "How steps are made from gradients: adam and adamw adapt them to each weight, sgd does not.",
    ),
    Hyperparameter(
        "learning_rate",
        Float(above=0),
        0.003,
        "How large the steps are.",
        search=(0.0003, 0.001, 0.003, 0.01),
    ),
    Hyperparameter(
        "momentum",
        Float(minimum=0, below=1),
        0.9,
        "With optimizer sgd, how much of each step is repeated in the next.",
    ),
    Hyperparameter(
        "weight_decay",
        Float(minimum=0),
        0.0001,
        "Strength of the penalty on large weights.",
        search=(0.0, 0.0001, 0.01),
    ),
    Hyperparameter(
        "dropout",
        Float(minimum=0, below=1),
        0.0,
        "Which share of the units is switched off, at random, in each step of the training.",
        search=(0.0, 0.2, 0.5),
    ),
    Hyperparameter(
        "early_stopping_rounds",
        Integer(minimum=1),
        None,
        "Stops after this many epochs without improvement on rows held out from training, and keeps the best"
        " weights; null never does.",
    ),
    Hyperparameter(
        "validation_fraction",
        Float(above=0, below=1),
        0.1,
        "With early_stopping_rounds, which share of the training rows is held out.",
    ),
    Hyperparameter(
        "n_jobs",
        Integer(minimum=1),
        1,
        "How many processors to train on: more help with wide layers and large batches only.",
    ),
    Hyperparameter(
        "random_state",
        Integer(minimum=0, maximum=2**32 - 1),
        0,
        "Seed of every random choice: the same seed trains the same model again.",
    ),
)

REGRESSION = (
    Hyperparameter(
        "loss",
        Choice("squared_error", "absolute_error", "huber"),
        "squared_error",
        "What is lowered: absolute_error and huber resist outliers.",
    ),
    *_SETTINGS,
)

CLASSIFICATION = (
    Hyperparameter(
        "class_weight",
        Choice("balanced"),
        None,
        "With balanced, rare classes weigh as much as frequent ones; null lets every row weigh the same.",
        search=(None, "balanced"),
    ),
    *_SETTINGS,
)


def _can_hold_out(share: float, y: Any) -> bool:
    """Return whether ``share`` of the rows can be held out with rows of each class of ``y`` on both sides."""
    import numpy

    held_out = math.ceil(share * len(y))
    if y.dtype.kind == "f":
        return held_out < len(y)
    counts = numpy.bincount(y)
    return counts.min() >= 2 and min(len(y) - held_out, held_out) >= len(counts)


CONSTRAINTS = (
    Constraint(
        "validation_fraction must leave rows of each class on both sides where early_stopping_rounds is given",
        lambda validation_fraction, early_stopping_rounds, y: (
            early_stopping_rounds is None or _can_hold_out(validation_fraction, y)
        ),
    ),
)

_CODE = "it is code, not a value"

# skorch's own names.
LEFT_OUT = {
    "callbacks": _CODE,
    "compile": "it changes how fast the network is trained, not which",
    "criterion": "it goes by the name of loss; a classification lowers the cross entropy",
    "dataset": _CODE,
    "device": "training runs on the processor",
    "iterator_train": _CODE,
    "iterator_valid": _CODE,
    "lr": "it goes by the name of learning_rate",
    "module": "hidden_layer_sizes, activation and dropout describe it",
    "predict_nonlinearity": "it follows from the objective",
    "torch_load_kwargs": "nothing is loaded while a network is trained",
    "train_split": "early_stopping_rounds and validation_fraction say what is held out",
    "use_caching": "it changes how fast the network is trained, not which",
    "verbose": "there is no terminal to print to",
    "warm_start": "every training starts from nothing, so that it can be repeated",
}

CLASSIFICATION_LEFT_OUT = {"classes": "they follow from the labels"}
