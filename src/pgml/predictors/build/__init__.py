"""Build predictors, in the engine: one module a family, each with a function ``predictor(...)``."""
