CREATE OR REPLACE FUNCTION pgml.score_proba(project_name text, relation_name text, key text)
RETURNS TABLE (key text, probabilities float8[])
LANGUAGE sql
BEGIN ATOMIC
    SELECT scored.key, scored.probabilities
    FROM pgml_internal.run(pgml_internal.result(pgml_internal.call(
        'score_proba', jsonb_build_object('project_name', $1, 'relation_name', $2, 'key', $3), current_setting('search_path')
    )) #>> '{}') AS scored;
END;
COMMENT ON FUNCTION pgml.score_proba IS
    'The probability of each class, in the order of pgml.classes, for each row of a table or view; see pgml.score.';
