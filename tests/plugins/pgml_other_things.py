"""A plugin that returns what is no algorithm, one that says too little of itself, and one whose hook raises."""

import pgml


class Nameless(pgml.Algorithm):
    objective = "regression"
    summary = "An algorithm that nobody can ask for."


class Aimless(pgml.Algorithm):
    name = "aimless"
    objective = "world domination"
    summary = "An algorithm for an objective that there is not."


@pgml.hookimpl
def pgml_algorithms():
    return [42, Nameless(), Aimless()]


@pgml.hookimpl
def pgml_datasets():
    raise RuntimeError("the data are at home")
