"""What a plugin saved is read back with the types that it held in training, or not at all."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import skops.io
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pgml
from pgml.engine.saved_types import load_recorded, types_in
from pgml.errors import CorruptPredictor
from pgml.plugin.pickles import is_pickle

X = np.random.default_rng(0).normal(size=(60, 3))
TREE = ("sklearn.neighbors._kd_tree.KDTree", "sklearn.metrics._dist_metrics.EuclideanDistance64")
made = []  # what was constructed from a saved file


class Traced:
    """Tells when it is constructed."""

    def __setstate__(self, state):
        made.append(state)
        self.__dict__.update(state)


class Neighbours(pgml.Algorithm):
    name = "neighbours"
    objective = "regression"
    summary = "The mean of the nearest rows' targets."
    trusted_types = (*TREE, f"{__name__}.Traced")


NEIGHBOURS = Neighbours()
FITTED = KNeighborsRegressor(algorithm="kd_tree").fit(X, X[:, 0])
SAVED = NEIGHBOURS.save(FITTED)


def test_every_type_of_a_file_is_listed_whether_it_is_trusted_or_not():
    assert types_in(SAVED) == [
        "builtins.dict",
        "builtins.list",
        "builtins.str",
        "builtins.tuple",
        "numpy.ndarray",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._regression.KNeighborsRegressor",
    ]
    others = {"function": np.add, "method": FITTED.predict, "drawn": np.random.default_rng(0)}
    found = types_in(skops.io.dumps(others))
    for name in ("numpy.add", "numpy.random.PCG64", "sklearn.neighbors._regression.KNeighborsRegressor.predict"):
        assert name in found


@pytest.mark.parametrize("saved", [b"tree\nversion=v4\n", b"{}", b"", bytes(100)])
def test_other_formats_hold_no_types(saved):
    assert types_in(saved) == []


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def test_archives_of_others_hold_no_types():
    assert types_in(zipped(weights_npy=b"123")) == []


@pytest.mark.parametrize(
    "schema",
    [
        b"no JSON",
        b"[" * 100_000,
        json.dumps({"__module__": "a", "__class__": "B", "__loader__": "MethodNode"}).encode(),
        json.dumps({"a": {"__module__": "a", "__class__": "B", "__loader__": "RandomGeneratorNode"}}).encode(),
    ],
    ids=["text", "too deep", "method", "generator"],
)
def test_a_file_that_cannot_be_understood_is_refused(schema):
    """Whatever is recorded: also of old models, of which nothing is."""
    for recorded in (None, [], types_in(SAVED)):
        with pytest.raises(CorruptPredictor):
            load_recorded(NEIGHBOURS, zipped(schema_json=schema), recorded)


def test_what_was_recorded_is_read():
    np.testing.assert_array_equal(load_recorded(NEIGHBOURS, SAVED, types_in(SAVED)).predict(X), FITTED.predict(X))


STRANGERS = {
    "a vectorizer that reads files": CountVectorizer(input="filename"),
    "a pipeline with a cache": make_pipeline(StandardScaler(), KNeighborsRegressor(), memory="/tmp/cache"),
    "the same and one more": [FITTED, StandardScaler()],
    "less": KNeighborsRegressor(algorithm="brute").fit(X, X[:, 0]),
}


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_another_file_is_refused(stranger):
    with pytest.raises(CorruptPredictor, match="the saved neighbours model does not hold the types that it held"):
        load_recorded(NEIGHBOURS, skops.io.dumps(stranger), types_in(SAVED))


def test_a_file_is_refused_before_anything_is_made_of_it():
    traced = Traced()
    traced.x = 1
    saved = skops.io.dumps(traced)
    with pytest.raises(CorruptPredictor, match="Traced"):
        load_recorded(NEIGHBOURS, saved, types_in(SAVED))
    assert made == []
    load_recorded(NEIGHBOURS, saved, types_in(saved))  # else this test could not fail
    assert made == [{"x": 1}]


def test_a_skops_file_in_place_of_another_format_is_refused():
    class Own(Neighbours):
        def load(self, saved):
            raise AssertionError("it must not come this far")

    with pytest.raises(CorruptPredictor, match="sklearn.neighbors"):
        load_recorded(Own(), SAVED, [])
    with pytest.raises(CorruptPredictor, match="sklearn.neighbors"):
        load_recorded(Own(), b"text", types_in(SAVED))
    for recorded in (None, []):
        with pytest.raises(CorruptPredictor, match="pickle"):
            load_recorded(Own(), pickle.dumps(FITTED), recorded)
        with pytest.raises(CorruptPredictor, match="not there"):
            load_recorded(Own(), b"", recorded)


def test_of_old_models_no_more_is_read_than_they_can_need():
    """Version 0.1 recorded no types, and trusted all of scikit-learn."""
    np.testing.assert_array_equal(load_recorded(NEIGHBOURS, SAVED, None).predict(X), FITTED.predict(X))
    for stranger, named in (
        ("a vectorizer that reads files", "sklearn.feature_extraction.text.CountVectorizer"),
        ("a pipeline with a cache", "sklearn.pipeline.Pipeline"),
    ):
        with pytest.raises(CorruptPredictor, match=named) as raised:
            load_recorded(NEIGHBOURS, skops.io.dumps(STRANGERS[stranger]), None)
        assert "train it again" in raised.value.hint
    with pytest.raises(CorruptPredictor, match="collections.OrderedDict"):
        load_recorded(NEIGHBOURS, skops.io.dumps(OrderedDict()), None)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [FITTED, 1.5, [1, 2], {"weights": X}], ids=["estimator", "number", "list", "dict"])
def test_pickles_are_recognised(protocol, value):
    assert is_pickle(pickle.dumps(value, protocol))


def test_an_archive_with_a_pickle_is_one():
    """It is what ``torch.save`` writes."""
    assert is_pickle(zipped(data_pkl=b"anything"))


@pytest.mark.parametrize(
    "saved",
    [SAVED, b"", b".", b"tree\nversion=v4\nend.", b'{"a": 1.0}', b"\x80", X.tobytes(), b"mean", b"PK\x03\x04"],
)
def test_other_bytes_are_no_pickles(saved):
    assert not is_pickle(saved)
