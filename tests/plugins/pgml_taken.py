"""A plugin that claims a pair of the built-in algorithms."""

import pgml


class Linear(pgml.Algorithm):
    name = "linear"
    objective = "regression"
    summary = "Something else under a name that is taken."


@pgml.hookimpl
def pgml_algorithms():
    return [Linear()]
