"""Hyperparameters: what is declared is what is checked, described and searched."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgml.errors import InvalidHyperparameter
from pgml.plugin.hyperparameters import (
    Boolean,
    Choice,
    Constraint,
    Either,
    Float,
    Hyperparameter,
    Integer,
    Sequence,
    check,
    json_schema,
)

ALPHA = Hyperparameter("alpha", Float(above=0), 1.0, "Strength of the penalty.")
DEPTH = Hyperparameter("depth", Integer(minimum=1, maximum=10), None, "Levels of a tree.")
LOSS = Hyperparameter("loss", Choice("squared", "absolute"), "squared", "What is minimised.")
INTERCEPT = Hyperparameter("intercept", Boolean(), True, "Whether there is a constant.")
LAYERS = Hyperparameter("layers", Sequence(Integer(minimum=1)), [10], "Neurons a layer.")
FEATURES = Hyperparameter(
    "features",
    Either(Choice("all", "sqrt"), Integer(minimum=1), Float(above=0, maximum=1)),
    "all",
    "How many.",
)
DECLARED = (ALPHA, DEPTH, LOSS, INTERCEPT, LAYERS, FEATURES)
DEFAULTS = {
    "alpha": 1.0,
    "depth": None,
    "loss": "squared",
    "intercept": True,
    "layers": [10],
    "features": "all",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def refused(given: dict, constraints=()) -> InvalidHyperparameter:
    with pytest.raises(InvalidHyperparameter) as caught:
        check("ridge", DECLARED, given, constraints)
    return caught.value


def test_what_is_not_given_has_its_default():
    assert check("ridge", DECLARED, {}) == DEFAULTS
    assert check("ridge", DECLARED, {"alpha": 2}) == {**DEFAULTS, "alpha": 2.0}


def test_an_unknown_name_is_refused_with_a_suggestion():
    error = refused({"alhpa": 1})
    assert error.message == 'ridge: there is no hyperparameter "alhpa"'
    assert error.hint.startswith('did you mean "alpha"?')


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"alpha": 0}, "ridge: alpha must be greater than 0, got 0"),
        ({"alpha": "1"}, 'ridge: alpha must be a number greater than 0, got "1"'),
        ({"alpha": True}, "ridge: alpha must be a number greater than 0, got true"),
        ({"alpha": None}, "ridge: alpha must be a number greater than 0, got null"),
        ({"alpha": math.nan}, "ridge: alpha must be a number greater than 0, got NaN"),
        ({"alpha": math.inf}, "ridge: alpha must be a number greater than 0, got Infinity"),
        ({"depth": 11}, "ridge: depth must be between 1 and 10, or null, got 11"),
        ({"depth": 1.5}, "ridge: depth must be a whole number between 1 and 10, or null, got 1.5"),
        ({"loss": "huber"}, 'ridge: loss must be one of squared, absolute, got "huber"'),
        ({"loss": ["squared"]}, 'ridge: loss must be one of squared, absolute, got ["squared"]'),
        ({"intercept": 1}, "ridge: intercept must be true or false, got 1"),
        (
            {"layers": []},
            "ridge: layers must be a list of 1 or more values, each a whole number at least 1, got []",
        ),
        (
            {"layers": 3},
            "ridge: layers must be a list of 1 or more values, each a whole number at least 1, got 3",
        ),
        ({"features": 0}, "got 0"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused_with_the_rule(given, message):
    assert refused(given).message.endswith(message)


def test_numbers_are_what_they_are_whatever_their_spelling():
    assert check("ridge", DECLARED, {"depth": 3.0})["depth"] == 3
    assert type(check("ridge", DECLARED, {"depth": 3.0})["depth"]) is int
    assert type(check("ridge", DECLARED, {"alpha": 3})["alpha"]) is float


def test_of_several_kinds_the_first_that_takes_the_value_decides():
    for value, converted in (("sqrt", "sqrt"), (1, 1), (0.5, 0.5), (3.0, 3)):
        found = check("ridge", DECLARED, {"features": value})["features"]
        assert found == converted and type(found) is type(converted)


@pytest.mark.parametrize("name", ["alpha", "depth"])
def test_numbers_beyond_all_floats_are_refused(name):
    refused({name: 10**400})
    refused({name: -(10**400)})


@given(st.dictionaries(st.sampled_from(list(DEFAULTS)) | st.text(max_size=3), json_values, max_size=3))
def test_any_json_is_taken_or_refused_with_its_rule(given):
    try:
        values = check("ridge", DECLARED, given)
    except InvalidHyperparameter as error:
        assert error.message.startswith("ridge: ")
    else:
        assert check("ridge", DECLARED, values) == values, "what was taken is taken again, unchanged"


def test_constraints_between_several():
    rule = Constraint(
        "depth must be null where loss is absolute", lambda depth, loss: depth is None or loss != "absolute"
    )
    assert check("ridge", DECLARED, {"depth": 3}, [rule])["depth"] == 3
    error = refused({"depth": 3, "loss": "absolute"}, [rule])
    assert error.message == 'ridge: depth must be null where loss is absolute, got depth 3, loss "absolute"'


def test_constraints_on_data_wait_for_the_data():
    import numpy as np

    rule = Constraint("depth must be at most the number of features", lambda depth, X: depth <= X.shape[1])
    assert rule.needs_data
    assert check("ridge", DECLARED, {"depth": 3}, [rule])["depth"] == 3
    rule.require("ridge", {"depth": 3}, X=np.zeros((2, 3)), y=np.zeros(2))
    with pytest.raises(InvalidHyperparameter, match="at most the number of features, got depth 3"):
        rule.require("ridge", {"depth": 3}, X=np.zeros((2, 2)), y=np.zeros(2))


def test_a_declaration_that_breaks_its_own_rule_is_refused():
    with pytest.raises(ValueError, match="alpha: -1 is declared, but it must be"):
        Hyperparameter("alpha", Float(minimum=0), -1, "Strength.")
    with pytest.raises(ValueError, match="alpha: -1 is declared"):
        Hyperparameter("alpha", Float(minimum=0), 1, "Strength.", search=(1, -1))


def test_rows_for_sql():
    assert ALPHA.row() == {
        "name": "alpha", "type": "float", "default": 1.0, "minimum": 0, "maximum": None, "choices": None,
        "description": "Strength of the penalty.",
    }  # fmt: skip
    assert LOSS.row()["choices"] == ["squared", "absolute"]
    assert DEPTH.row() | {"minimum": 1, "maximum": 10, "type": "integer"} == DEPTH.row()
    assert LAYERS.row()["type"] == "integer[]"
    assert FEATURES.row()["type"] == "text or integer or float"


def test_json_schema_says_the_same():
    schema = json_schema("ridge", DECLARED)
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == set(DEFAULTS) and schema["additionalProperties"] is False
    assert schema["properties"]["alpha"] == {
        "type": "number", "exclusiveMinimum": 0, "default": 1.0, "description": "Strength of the penalty."
    }  # fmt: skip
    assert {"type": "null"} in schema["properties"]["depth"]["anyOf"]


def test_an_algorithm_may_change_a_declaration():
    mine = ALPHA.but(default=0.5, description="Another.")
    assert (mine.name, mine.default, mine.kind) == ("alpha", 0.5, ALPHA.kind)
