-- The door of PL/Python. PostgreSQL puts the body in place of the call, so that a row costs one call of PL/Python.
--
-- pgml.predict calls this function by its name alone, and that of ../door.sql, in C, fits the call exactly: where it is
-- there, it is the one that answers. It is in no dump, and what is restored from one answers through this one. What is in
-- this schema can be called by everybody, as the bodies of pgml's functions are read with the rights of whoever calls them.
CREATE OR REPLACE FUNCTION pgml_doors.predict(project_name character varying, features float8[]) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(pgml_internal.predict(project_name, features), (pgml_internal.answer_first()).prediction);
COMMENT ON FUNCTION pgml_doors.predict(character varying, float8[]) IS 'pgml.predict through PL/Python.';
