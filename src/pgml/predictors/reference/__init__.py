"""The definition of every family in plain Python: what the C module is held to, and what serves without it."""

from pgml.predictors.reference.dense import dense
from pgml.predictors.reference.engine import engine
from pgml.predictors.reference.forest import forest
from pgml.predictors.reference.kernel import kernel
from pgml.predictors.reference.linear import linear

__all__ = ["dense", "engine", "forest", "kernel", "linear"]
