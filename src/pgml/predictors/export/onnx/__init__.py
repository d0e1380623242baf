"""Write predictors in the ONNX format: everything is computed as the predictor does, in float64 where it does."""
