CREATE OR REPLACE FUNCTION pgml.grant(project_name text, privilege text, role regrole) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    SELECT pgml_internal.result(pgml_internal.call('grant', jsonb_build_object(
        'project_name', project_name, 'privilege', privilege, 'role', role::oid::bigint
    ), current_setting('search_path')));
END;
COMMENT ON FUNCTION pgml.grant IS
    'Lets a role use a project: predict; read (its models and snapshots, too); train (too); deploy (all of it); own hands it over.';
