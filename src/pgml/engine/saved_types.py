"""Read back what a plugin saved, once it is known to hold exactly the types that it held in training."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from pgml.errors import CorruptPredictor
from pgml.plugin.algorithm import Algorithm
from pgml.plugin.pickles import is_pickle

# Of a model of version 0.1 no types were recorded. It may hold those of the algorithm's trusted_types, Python's and
# numpy's, and of scikit-learn what estimators of rows of numbers are made of: none of these packages has a class
# that reads a file or keeps a cache on the disk.
_BEFORE_TYPES_WERE_RECORDED = (
    "builtins",
    "numpy",
    "sklearn._loss",
    "sklearn.calibration",
    "sklearn.cross_decomposition",
    "sklearn.discriminant_analysis",
    "sklearn.dummy",
    "sklearn.ensemble",
    "sklearn.gaussian_process",
    "sklearn.isotonic",
    "sklearn.kernel_ridge",
    "sklearn.linear_model",
    "sklearn.multiclass",
    "sklearn.naive_bayes",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.preprocessing",
    "sklearn.svm",
    "sklearn.tree",
)


def load_recorded(algorithm: Algorithm, saved: bytes, recorded: list[str] | None) -> Any:
    """Return the estimator that the algorithm saved, read by its own ``load``.

    ``recorded`` are the :func:`types_in` what was saved in training, None for a model of version 0.1. Raises
    CorruptPredictor, before anything is made of the bytes, where they hold others, or are a pickle or none at all.
    """
    name = f"the saved {algorithm.name} model"
    if not saved:
        raise CorruptPredictor(f"{name} is not there")
    if is_pickle(saved):
        raise CorruptPredictor(f"{name} is a pickle, which is never read")
    held = types_in(saved)
    if recorded is None:
        strange = [each for each in held if each not in algorithm.trusted_types and not _was_allowed(each)]
        if strange:
            raise CorruptPredictor(
                f"{name} holds types that are not read without a record of them: {', '.join(strange)}",
                hint="it was trained by an older version of pgml: train it again",
            )
    elif held != recorded:
        differ = sorted(set(held).symmetric_difference(recorded))
        raise CorruptPredictor(f"{name} does not hold the types that it held in training: {', '.join(differ)}")
    return algorithm.load(saved)


def types_in(saved: bytes) -> list[str]:
    """Return all that a skops file names, sorted, each as ``module.Type``: types, functions, methods.

    It is empty for bytes in another format. Nothing of what is named is imported. Raises CorruptPredictor where
    a skops file cannot be understood.
    """
    try:  # as skops does: what it can open, this can
        archive = zipfile.ZipFile(io.BytesIO(saved))
    except zipfile.BadZipFile:
        return []
    with archive:
        if "schema.json" not in archive.namelist():
            return []
        try:
            schema = json.loads(archive.read("schema.json"))
            return sorted({name for node in _objects(schema) for name in _names(node)})
        except Exception as error:  # of the archive, of the text, of what it describes
            raise CorruptPredictor(f"the saved model cannot be read: {error!r}") from error


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object, however deep."""
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _names(node: dict[str, Any]) -> Iterator[str]:
    module, kind = node.get("__module__"), node.get("__class__")
    if not isinstance(module, str) or not isinstance(kind, str):
        return
    yield f"{module}.{kind}"
    if node.get("__loader__") == "MethodNode":
        yield f"{module}.{kind}.{node['content']['func']}"
    if node.get("__loader__") == "RandomGeneratorNode":
        bit_generator = node["content"]["bit_generator"]["content"]["bit_generator"]["content"]
        yield f"numpy.random.{json.loads(bit_generator)}"


def _was_allowed(name: str) -> bool:
    return name.startswith(tuple(f"{package}." for package in _BEFORE_TYPES_WERE_RECORDED))
