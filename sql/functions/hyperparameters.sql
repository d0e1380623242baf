CREATE OR REPLACE FUNCTION pgml.hyperparameters(algorithm text, objective text)
RETURNS TABLE (
    name text, type text, "default" jsonb, minimum float8, maximum float8, choices text[], description text
)
LANGUAGE sql
BEGIN ATOMIC
    SELECT declared.name, declared.type, declared."default", declared.minimum, declared.maximum, declared.choices,
        declared.description
    FROM jsonb_to_recordset(pgml_internal.result(pgml_internal.call(
        'hyperparameters', jsonb_build_object('algorithm', $1, 'objective', $2), current_setting('search_path')
    ))) AS declared (
        name text, type text, "default" jsonb, minimum float8, maximum float8, choices text[], description text
    );
END;
COMMENT ON FUNCTION pgml.hyperparameters IS 'What can be set for an algorithm: type, default, bounds or choices, meaning.';
