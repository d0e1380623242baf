CREATE OR REPLACE FUNCTION pgml.train(
    project_name text,
    objective text DEFAULT NULL,
    relation_name text DEFAULT NULL,
    y_column_name text DEFAULT NULL,
    algorithm text DEFAULT 'linear',
    hyperparams jsonb DEFAULT '{}',
    search text DEFAULT NULL,
    search_params jsonb DEFAULT '{}',
    search_args jsonb DEFAULT '{}',
    test_size float8 DEFAULT 0.25,
    test_sampling text DEFAULT NULL,
    preprocess jsonb DEFAULT '{}',
    deploy boolean DEFAULT true
) RETURNS TABLE (project_name text, objective text, algorithm_name text, status text)
LANGUAGE sql
-- One scan in one order: the same rows must make the same snapshot, and the same matrix, every time.
SET max_parallel_workers_per_gather = 0
SET synchronize_seqscans = off
-- Numbers among the arguments are read as they were given.
SET extra_float_digits = 1
BEGIN ATOMIC
    SELECT trained.project_name, trained.objective, trained.algorithm_name, trained.status
    FROM jsonb_to_record(pgml_internal.result(pgml_internal.call('train', jsonb_build_object(
        'project_name', $1, 'objective', $2, 'relation_name', $3, 'y_column_name', $4, 'algorithm', $5,
        'hyperparams', $6, 'search', $7, 'search_params', $8, 'search_args', $9, 'test_size', $10,
        'test_sampling', $11, 'preprocess', $12, 'deploy', $13
    ), current_setting('search_path')))) AS trained (project_name text, objective text, algorithm_name text, status text);
END;
COMMENT ON FUNCTION pgml.train IS
    'Trains a model on a snapshot of a table or view, scores it on rows held back, and deploys it if it is better.';
