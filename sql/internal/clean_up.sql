-- A model that has been deployed is part of its project's history: without it, a rollback would lead to one that was
-- given up. It goes with its project only.
CREATE OR REPLACE FUNCTION pgml_internal.keep_history() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM pgml_internal.deployments WHERE model_id = OLD.id)
        AND EXISTS (SELECT FROM pgml_internal.projects WHERE id = OLD.project_id)
    THEN
        RAISE EXCEPTION USING
            errcode = 'ML009',
            message = format('model %s was deployed, and its project''s history needs it', OLD.id),
            hint = 'it goes when its project is deleted';
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION pgml_internal.keep_history IS 'Refuses to delete a model that has been deployed.';

-- What belongs to a row and is a table of its own goes with it, and so does what hangs on that: a view of a snapshot
-- can be made by roles that may not even read it, and the policies of snapshots ask for the rights in a project.
CREATE OR REPLACE FUNCTION pgml_internal.drop_table() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS %s%s CASCADE', TG_ARGV[0], OLD.id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION pgml_internal.drop_table IS 'Drops the table whose name is the trigger''s argument and the id of the row.';

CREATE OR REPLACE TRIGGER keep_history BEFORE DELETE ON pgml_internal.models
    FOR EACH ROW EXECUTE FUNCTION pgml_internal.keep_history();
CREATE OR REPLACE TRIGGER drop_rows AFTER DELETE ON pgml_internal.snapshots
    FOR EACH ROW EXECUTE FUNCTION pgml_internal.drop_table('pgml_snapshots.snapshot_');
CREATE OR REPLACE TRIGGER drop_rights AFTER DELETE ON pgml_internal.projects
    FOR EACH ROW EXECUTE FUNCTION pgml_internal.drop_table('pgml_internal.rights_');
