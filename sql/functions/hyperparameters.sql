CREATE OR REPLACE FUNCTION pgml.hyperparameters(algorithm text, objective text)
RETURNS TABLE (
    name text, type text, "default" jsonb, minimum float8, maximum float8, choices text[], description text
)
LANGUAGE sql AS $$
    SELECT * FROM jsonb_to_recordset(pgml._call('hyperparameters', jsonb_build_object(
        'algorithm', $1, 'objective', $2
    ))) AS declared (
        name text, type text, "default" jsonb, minimum float8, maximum float8, choices text[], description text
    )
$$;
COMMENT ON FUNCTION pgml.hyperparameters IS 'What can be set for an algorithm: type, default, bounds or choices, meaning.';
