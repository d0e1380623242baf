"""Read predictors, in any process: the standard library alone."""
