CREATE OR REPLACE FUNCTION pgml.version() RETURNS text
LANGUAGE sql
RETURN pgml_internal.result(pgml_internal.call('version', '{}', current_setting('search_path'))) #>> '{}';
COMMENT ON FUNCTION pgml.version IS 'The version of pgml that the server runs.';
