"""Write predictors as functions in SQL: nothing of pgml is needed where they are created."""
