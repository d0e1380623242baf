CREATE OR REPLACE FUNCTION pgml.score(project_name text, relation_name text, key text)
RETURNS TABLE (key text, prediction float8)
LANGUAGE sql
BEGIN ATOMIC
    SELECT scored.key, scored.prediction
    FROM pgml_internal.run(pgml_internal.result(pgml_internal.call(
        'score', jsonb_build_object('project_name', $1, 'relation_name', $2, 'key', $3), current_setting('search_path')
    )) #>> '{}') AS scored;
END;
COMMENT ON FUNCTION pgml.score IS
    'The prediction for each row of a table or view, whose column `key` tells them apart; features are found by name.';
