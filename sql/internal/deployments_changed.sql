-- What answers for a project has changed, also where it is rolled back later in the same statement (a DO block, several
-- statements sent as one): it must show in this session at once, and in all others when it is committed.
CREATE OR REPLACE FUNCTION pgml_internal.deployments_changed() RETURNS trigger
LANGUAGE plpython3u AS $$
from pgml.backend import serving
serving.distrust(int(TD["relid"]))
$$;
COMMENT ON FUNCTION pgml_internal.deployments_changed IS 'Has every further prediction look its model up.';

CREATE OR REPLACE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgml_internal.deployments
    FOR EACH STATEMENT EXECUTE FUNCTION pgml_internal.deployments_changed();
-- A new one answers nothing yet.
CREATE OR REPLACE TRIGGER changed AFTER UPDATE OR DELETE OR TRUNCATE ON pgml_internal.models
    FOR EACH STATEMENT EXECUTE FUNCTION pgml_internal.deployments_changed();
CREATE OR REPLACE TRIGGER changed AFTER UPDATE OR DELETE OR TRUNCATE ON pgml_internal.projects
    FOR EACH STATEMENT EXECUTE FUNCTION pgml_internal.deployments_changed();
