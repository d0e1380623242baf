-- Regression: how far will a patient's diabetes have progressed a year from now?
--
--     pgml psql -f examples/regression.sql

-- A table of 442 patients: age, sex, body mass index, blood pressure, six blood values, and the target.
SELECT pgml.load_dataset('diabetes');
SELECT age, sex, bmi, bp, target FROM pgml.diabetes LIMIT 3;

-- One statement takes a snapshot of the table, holds a quarter of the rows back, fits a linear regression to
-- the rest, scores it on the rows held back and deploys it, since the project has no other model yet.
SELECT * FROM pgml.train('Diabetes Progression', 'regression', 'pgml.diabetes', 'target');

-- The features go in the order of the table's columns, without the target.
SELECT pgml.predict('Diabetes Progression', ARRAY[
    0.038075906, 0.05068012, 0.061696206, 0.021872386, -0.044223499,
    -0.034820763, -0.043400846, -0.002592262, 0.019907486, -0.017646125
]) AS progression;

-- Predictions are values like any other: who needs attention first?
SELECT bmi, bp, target, pgml.predict('Diabetes Progression', ARRAY[age, sex, bmi, bp, s1, s2, s3, s4, s5, s6]) AS progression
FROM pgml.diabetes
ORDER BY progression DESC
LIMIT 5;

-- Without a relation the project trains on its latest snapshot again, so models are compared on the same rows.
SELECT * FROM pgml.train('Diabetes Progression', algorithm => 'xgboost', hyperparams => '{"n_estimators": 50, "max_depth": 3}');

-- What can be set, and to what?
SELECT name, type, "default", minimum, maximum FROM pgml.hyperparameters('ridge', 'regression');
SELECT * FROM pgml.train('Diabetes Progression', algorithm => 'ridge', hyperparams => '{"alpha": 0.5}');

-- Every algorithm there is, in one statement: the better ones are deployed as they come.
SELECT trained.algorithm_name, trained.status
FROM pgml.algorithms AS known,
     pgml.train('Diabetes Progression', algorithm => known.algorithm) AS trained
WHERE known.objective = 'regression'
ORDER BY trained.status, trained.algorithm_name;

-- The five best, by the mean squared error on the rows held back.
SELECT algorithm_name, round((metrics ->> 'mean_squared_error')::numeric, 1) AS mean_squared_error, deployed
FROM pgml.trained_models JOIN pgml.models USING (id, algorithm_name)
WHERE name = 'Diabetes Progression'
ORDER BY (metrics ->> 'mean_squared_error')::float8
LIMIT 5;

-- You decide which model answers: the newest, one of an algorithm, the one before, or the best.
SELECT * FROM pgml.deploy('Diabetes Progression', 'most_recent');
SELECT * FROM pgml.deploy('Diabetes Progression', 'best_score', 'random_forest');
SELECT * FROM pgml.deploy('Diabetes Progression', 'rollback');
SELECT * FROM pgml.deploy('Diabetes Progression');

SELECT name, algorithm_name, relation_name, y_column_name FROM pgml.overview WHERE name = 'Diabetes Progression';
