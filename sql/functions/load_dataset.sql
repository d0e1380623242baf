CREATE OR REPLACE FUNCTION pgml.load_dataset(source text) RETURNS text
LANGUAGE sql
RETURN pgml_internal.result(pgml_internal.call(
    'load_dataset', jsonb_build_object('source', source), current_setting('search_path')
)) #>> '{}';
COMMENT ON FUNCTION pgml.load_dataset IS
    'Creates the table pgml.<source>, for all to read, from a data set that pgml or one of its plugins brings, or makes it anew.';
