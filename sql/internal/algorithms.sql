CREATE OR REPLACE FUNCTION pgml_internal.algorithms()
RETURNS TABLE (algorithm text, objective text, plugin text, version text, summary text)
LANGUAGE sql
BEGIN ATOMIC
    SELECT provided.algorithm, provided.objective, provided.plugin, provided.version, provided.summary
    FROM jsonb_to_recordset(pgml_internal.result(pgml_internal.call('algorithms', '{}', current_setting('search_path'))))
        AS provided (algorithm text, objective text, plugin text, version text, summary text);
END;
COMMENT ON FUNCTION pgml_internal.algorithms() IS 'The rows of pgml.algorithms.';
