-- A deployment, also one that is rolled back later in the same statement (a DO block, several statements sent
-- as one), must show in this session at once: until the statement ends, every prediction looks its model up.
CREATE OR REPLACE FUNCTION pgml._distrust(stamp float8) RETURNS void
LANGUAGE plpython3u AS $$
from pgml.backend import serving
serving.distrust(stamp)
$$;

CREATE OR REPLACE FUNCTION pgml._deployments_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pgml._distrust(date_part('epoch', statement_timestamp()));
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pgml.deployments
    FOR EACH STATEMENT EXECUTE FUNCTION pgml._deployments_changed();
