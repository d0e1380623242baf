"""The conformance suite notices a model that depends on what it must not, and a setting that nothing depends on."""

import random

import numpy as np
import pytest
import unsteady

from pgml.plugin import checks


def broken(check, algorithm) -> str:
    with pytest.raises(AssertionError) as raised:
        check(algorithm)
    assert algorithm.name in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("kind", [unsteady.Sound, unsteady.Conditional, unsteady.Gamma], ids=lambda each: each.__name__)
def test_what_is_sound_passes(kind):
    checks.check_algorithm(kind())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (unsteady.Centred, "the predictions for one row alone, each row by itself, must predict what"),
        (unsteady.Smoothed, "each row by itself, must predict what"),
        (unsteady.ForMany, "the predictions for the rows three times, each row by itself,"),
        (unsteady.Counting, "each row by itself, must predict what"),
        (unsteady.Flipping, "the predictions for one row alone, each row by itself, must predict what"),
        (unsteady.FirstImpression, "the predictions after predicting two other rows, each row by itself,"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_predictions_that_depend_on_more_than_the_row(kind, said):
    assert said in broken(checks.predicts_each_row_by_itself, kind())


@pytest.mark.parametrize(
    ("kind", "whose"),
    [(unsteady.Seeding, "numpy.random"), (unsteady.SeedingPython, "random"), (unsteady.Drawing, "numpy.random")],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_random_numbers_that_are_everybodys(kind, whose):
    random.seed(7)
    np.random.seed(7)
    assert f"must leave the state of {whose}, which" in broken(checks.leaves_global_randomness_alone, kind())
    drawn = random.random(), np.random.random()
    random.seed(7)
    np.random.seed(7)
    assert drawn == (random.random(), np.random.random()), "the suite leaves them alone itself"


def test_a_model_that_is_another_one_in_another_process():
    assert "another PYTHONHASHSEED" in broken(checks.trains_the_same_in_any_process, unsteady.Hashing())
    unsteady.AtHome.told = True
    said = broken(checks.trains_the_same_in_any_process, unsteady.AtHome())
    assert "must train in a new process as it does in this one, got LookupError('nobody has told')" in said
    checks.trains_the_same_in_any_process(unsteady.Sound())


@pytest.mark.parametrize(
    ("check", "kind", "said"),
    [
        (checks.uses_every_hyperparameter, unsteady.Ignoring, "the same model whatever steps"),
        (checks.declares_every_parameter, unsteady.Forgetting, "or leave it out, got ['seen']"),
        (checks.declares_every_parameter, unsteady.WithoutReason, "must give a reason why seen is left out"),
        (checks.compiles_with_other_settings, unsteady.Hesitant, "must compile with {'alpha': 1.0}, return None or"),
        (checks.compiles_with_other_settings, unsteady.Wrong, "the compiled model (with {'alpha': 1.0}) must predict"),
        (checks.compiles_with_other_settings, unsteady.Failing, "must fit with {'alpha': 1.0}, or say by an error"),
        (checks.uses_every_hyperparameter, unsteady.Hesitant, "must compile with {'alpha': 1.0}, return None or"),
        (checks.fits_every_table, unsteady.Silent, "fit must return the fitted estimator (plain), got None"),
        (checks.fits_every_table, unsteady.Undeclared, "must fit with its defaults (plain), got ValueError"),
        (checks.declares_itself, unsteady.OfLabels, "its positive_target is for a target that is measured"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_settings_and_targets(check, kind, said):
    assert said in broken(check, kind())


def test_what_is_expected_to_fail_fails():
    failing = {"uses_every_hyperparameter": "steps are made in the next version"}
    checks.check_algorithm(unsteady.Ignoring(), expected_failures=failing)
    with pytest.raises(AssertionError, match="was expected to fail .steps are made in the next version., got"):
        checks.check_algorithm(unsteady.Sound(), expected_failures=failing)
    with pytest.raises(AssertionError, match="must be one of declares_itself, .* got 'learn'"):
        checks.check_algorithm(unsteady.Sound(), expected_failures={"learn": "it is a mean"})
    with pytest.raises(AssertionError, match="that learns is expected to fail must have a reason"):
        checks.check_algorithm(unsteady.Sound(), expected_failures={"learns": ""})
    with pytest.raises(AssertionError, match="the same model whatever steps"):
        checks.check_algorithm(unsteady.Ignoring())
