"""Turn fitted estimators of scikit-learn and XGBoost into predictors; for the ``compile`` of algorithms."""
