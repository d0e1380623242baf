CREATE OR REPLACE FUNCTION pgml.version() RETURNS text
LANGUAGE sql AS $$
    SELECT pgml._call('version', '{}') #>> '{}'
$$;
COMMENT ON FUNCTION pgml.version IS 'The version of pgml that the server runs.';
