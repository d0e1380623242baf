"""A plugin whose hook has a name that is not pgml's."""

import pgml


@pgml.hookimpl
def pgml_algoritms():
    return []
