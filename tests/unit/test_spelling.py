"""Hints for names that are wrong: which is suggested, and that many or long names are bounded work."""

from __future__ import annotations

import difflib
import random
import time

import pytest

from pgml.errors import choices_hint, shown
from pgml.spelling import by_likeness, spelling

LONGEST = 500


@pytest.mark.parametrize(
    ("wrong", "choices", "hint"),
    [
        ("rigde", ["lasso", "ridge"], 'did you mean "ridge"? the choices are: lasso, ridge'),
        ("Ridge", ["lasso", "ridge"], 'did you mean "ridge"? the choices are: lasso, ridge'),
        ("EXTRA TREES", ["extra_trees"], 'did you mean "extra_trees"? the choices are: extra_trees'),
        ("extra-trees", ["extra_trees"], 'did you mean "extra_trees"? the choices are: extra_trees'),
        ("x", ["lasso", "ridge"], "the choices are: lasso, ridge"),
        ("", ["lasso", "-"], "the choices are: -, lasso"),
        ("-", ["lasso", "_"], "the choices are: _, lasso"),
        ("anything", [], "there are no choices"),
    ],
)
def test_what_is_suggested(wrong, choices, hint):
    assert choices_hint(wrong, choices) == hint


def test_what_is_known_of_the_name_stands_in_front():
    assert choices_hint("rigde", ["ridge"], "it is a ridge") == "it is a ridge; the choices are: ridge"
    assert choices_hint("rigde", [], "it is a ridge") == "it is a ridge"


def test_the_right_name_is_found_among_many():
    names = [f"project_{number:05d}" for number in range(50_000)]
    assert choices_hint("Project 0123", names).startswith('did you mean "project_00123"')
    assert choices_hint("project_3141", names).count("project_") == 11
    assert choices_hint("projcet_31415", names).startswith('did you mean "project_31415"? the closest of 50000 choices')


def test_long_names_are_told_apart_by_their_ends():
    names = ["x" * 490 + f"{number:010d}" for number in range(200)]
    _, closest = by_likeness("x" * 490 + "0000000042", names)[0]
    assert closest.endswith("0042")
    assert all(name.endswith(f"{number:010d}") for number, name in enumerate(map(shown, names)))


@pytest.mark.parametrize("length", [1, 79, 80, 81, 500, 100_000])
def test_names_are_shown_at_a_readable_length(length):
    name = "a" * (length - 1) + "z"
    assert len(shown(name)) == min(length, 80) and shown(name).endswith("z")
    hint = choices_hint(name, [name + str(number) for number in range(60)])
    assert len(hint) < 60 * 83 + 150


def test_what_counts_of_a_spelling():
    assert spelling("Random-Forest Classifier_2") == "randomforestclassifier2"


def names_of_a_kind(kind: str) -> tuple[str, list[str]]:
    """Return a wrong name and 50,000 others of the longest kind, as unkind to a comparison as they come."""
    chance = random.Random(0)
    if kind == "one letter":
        return "a" * LONGEST, ["a" * (LONGEST - 6) + f"{number:06d}" for number in range(50_000)]
    if kind == "few letters":
        return "ab" * (LONGEST // 2), ["".join(chance.choices("ab", k=LONGEST)) for _ in range(50_000)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "".join(chance.choices(letters, k=LONGEST)), ["".join(chance.choices(letters, k=LONGEST)) for _ in range(50_000)]


@pytest.mark.parametrize("kind", ["one letter", "few letters", "all letters"])
def test_long_names_by_the_thousands_are_bounded_work(kind, monkeypatch):
    wrong, names = names_of_a_kind(kind)
    compared = []
    ratio = difflib.SequenceMatcher.ratio
    monkeypatch.setattr(
        difflib.SequenceMatcher, "ratio", lambda self: compared.append(len(self.a) * len(self.b)) or ratio(self)
    )
    began = time.process_time()
    hint = choices_hint(wrong, names)
    assert time.process_time() - began < 2, "a few tenths of a second, where nothing is bounded many minutes"
    assert len(compared) <= 100 and max(compared) <= 64 * 64
    assert "the closest of 50000 choices are: " in hint and len(hint) < 1200
