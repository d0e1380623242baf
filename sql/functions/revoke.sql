CREATE OR REPLACE FUNCTION pgml.revoke(project_name text, privilege text, role regrole) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    SELECT pgml_internal.result(pgml_internal.call('revoke', jsonb_build_object(
        'project_name', project_name, 'privilege', privilege, 'role', role::oid::bigint
    ), current_setting('search_path')));
END;
COMMENT ON FUNCTION pgml.revoke IS
    'Takes a privilege of a project from a role, and those that build on it: of predict, read, train, deploy each builds on the one before.';
