-- Makes the table that a snapshot's rows go into, which `writer` may then insert: that role reads them, with its
-- own rights, and no others. Types are those of pg_catalog that models are trained on. Where the table goes is not
-- for the caller's settings to say: its owner may put it into any tablespace. Rows are read by their place in a heap.
CREATE OR REPLACE FUNCTION pgml_internal.create_snapshot(
    snapshot_id bigint, names text[], types text[], writer oid
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET default_tablespace = ''
SET default_table_access_method = heap
AS $$
DECLARE
    snapshot text := format('pgml_snapshots.snapshot_%s', snapshot_id);
    columns text := (
        SELECT string_agg(format('%I %s', name, type::regtype), ', ' ORDER BY place)
        FROM unnest(names, types) WITH ORDINALITY AS given (name, type, place)
    );
BEGIN
    EXECUTE format('CREATE TABLE %s (%s)', snapshot, columns);
    PERFORM pgml_internal.close(snapshot::regclass);
    EXECUTE format('GRANT INSERT ON %s TO %s', snapshot, pgml_internal.role_name(writer));
END
$$;
COMMENT ON FUNCTION pgml_internal.create_snapshot IS 'Makes the table of a snapshot, for one role to fill.';
