CREATE OR REPLACE FUNCTION pgml.deploy(
    project_name text,
    strategy text DEFAULT 'best_score',
    algorithm_name text DEFAULT NULL
) RETURNS TABLE (project_name text, strategy text, algorithm_name text)
LANGUAGE sql
BEGIN ATOMIC
    SELECT deployed.project_name, deployed.strategy, deployed.algorithm_name
    FROM jsonb_to_record(pgml_internal.result(pgml_internal.call(
        'deploy', jsonb_build_object('project_name', $1, 'strategy', $2, 'algorithm_name', $3), current_setting('search_path')
    ))) AS deployed (project_name text, strategy text, algorithm_name text);
END;
COMMENT ON FUNCTION pgml.deploy IS
    'Chooses the model that answers for a project: best_score, most_recent, or rollback to the one before.';
