"""One of two plugins that claim the same pair."""

import pgml


class Rival(pgml.Algorithm):
    name = "rival"
    objective = "regression"
    summary = "What number one understands by it."


@pgml.hookimpl
def pgml_algorithms():
    return [Rival()]
