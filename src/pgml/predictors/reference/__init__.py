"""The definition of every family in plain Python: what the C module is held to, and what serves without it."""

from pgml.predictors.reference.dense import dense
from pgml.predictors.reference.forest import forest
from pgml.predictors.reference.kernel import kernel
from pgml.predictors.reference.linear import linear
from pgml.predictors.reference.oblivious import oblivious
from pgml.predictors.reference.uncompiled import uncompiled

__all__ = ["dense", "forest", "kernel", "linear", "oblivious", "uncompiled"]
