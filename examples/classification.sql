-- Classification: which digit did somebody write?
--
--     pgml psql -f examples/classification.sql

-- A table of 1,797 pictures, 8 x 8 pixels each in one array, and the digit that each shows.
SELECT pgml.load_dataset('digits');
SELECT image[1:8] AS first_line_of_pixels, target FROM pgml.digits LIMIT 3;

-- An array column is as many features as it has elements. For a classification the rows held back have every
-- label in its share, and the key metric is f1.
SELECT * FROM pgml.train('Handwritten Digits', 'classification', 'pgml.digits', 'target');

-- The column goes into the prediction as it is; the answer is the label.
SELECT target, pgml.predict('Handwritten Digits', image) AS predicted FROM pgml.digits LIMIT 5;

-- Which digits are taken for which others?
SELECT target, pgml.predict('Handwritten Digits', image) AS predicted, count(*)
FROM pgml.digits
GROUP BY target, predicted
HAVING target <> pgml.predict('Handwritten Digits', image)
ORDER BY count(*) DESC, target, predicted
LIMIT 3;

-- Most algorithms take a second or less for this table.
SELECT trained.algorithm_name, trained.status
FROM pgml.algorithms AS known,
     pgml.train('Handwritten Digits', algorithm => known.algorithm) AS trained
WHERE known.objective = 'classification'
  AND known.algorithm NOT IN ('xgboost', 'gradient_boosting_trees', 'hist_gradient_boosting', 'gaussian_process')
ORDER BY trained.status, trained.algorithm_name;

-- Boosting grows a tree for every digit in every round, so a few rounds go a long way.
SELECT * FROM pgml.train('Handwritten Digits', algorithm => 'xgboost', hyperparams => '{"n_estimators": 15}');
SELECT * FROM pgml.train('Handwritten Digits', algorithm => 'gradient_boosting_trees', hyperparams => '{"n_estimators": 5}');
SELECT * FROM pgml.train('Handwritten Digits', algorithm => 'hist_gradient_boosting', hyperparams => '{"max_iter": 10}');

-- A Gaussian process is for small tables: its time grows with the cube of their rows. On another relation the
-- deployed model is scored anew, on the same rows as the new one, before the two are compared.
CREATE OR REPLACE VIEW few_digits AS SELECT * FROM pgml.digits LIMIT 200;
SELECT * FROM pgml.train('Handwritten Digits', relation_name => 'few_digits', y_column_name => 'target', algorithm => 'gaussian_process');

SELECT algorithm_name, round((metrics ->> 'f1')::numeric, 3) AS f1, round((metrics ->> 'accuracy')::numeric, 3) AS accuracy, deployed
FROM pgml.trained_models JOIN pgml.models USING (id, algorithm_name)
WHERE name = 'Handwritten Digits'
ORDER BY (metrics ->> 'f1')::float8 DESC
LIMIT 5;

SELECT target, pgml.predict('Handwritten Digits', image) AS predicted FROM pgml.digits LIMIT 5;
