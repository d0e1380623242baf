CREATE OR REPLACE FUNCTION pgml_internal.role_name(role oid) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END;
COMMENT ON FUNCTION pgml_internal.role_name IS 'A role as GRANT takes it.';
