"""Write predictors in the formats of others, in the engine: one module a format."""
