CREATE OR REPLACE FUNCTION pgml.load_dataset(source text) RETURNS text
LANGUAGE sql AS $$
    SELECT pgml._call('load_dataset', jsonb_build_object('source', $1)) #>> '{}'
$$;
COMMENT ON FUNCTION pgml.load_dataset IS
    'Creates the table pgml.<source> from a data set that pgml or one of its plugins brings, or makes it anew.';
