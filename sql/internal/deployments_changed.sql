-- A deployment, also one that is rolled back later in the same statement (a DO block, several statements sent
-- as one), must show in this session at once: until the statement ends, every prediction looks its model up.
CREATE OR REPLACE FUNCTION pgml_internal.deployments_changed() RETURNS trigger
LANGUAGE plpython3u AS $$
from pgml.backend import serving
serving.distrust()
$$;
COMMENT ON FUNCTION pgml_internal.deployments_changed IS 'Has every further prediction of this statement look its model up.';

CREATE OR REPLACE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgml_internal.deployments
    FOR EACH STATEMENT EXECUTE FUNCTION pgml_internal.deployments_changed();
