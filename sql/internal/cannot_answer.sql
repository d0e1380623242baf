-- Why a project, or a model that was asked for by its id, does not answer a role: it is unknown, not the role's to use, or
-- a project without a deployed model.
CREATE OR REPLACE FUNCTION pgml_internal.cannot_answer(
    project_name text, model_id bigint, role oid, project_id bigint, allowed boolean
) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    -- Nobody is told that there is one which is not for him.
    WHEN model_id IS NOT NULL THEN jsonb_build_object(
        'sqlstate', 'ML022',
        'message', format('unknown model %s', model_id),
        'hint', 'pgml.models has the models of the projects that you may read'
    )
    WHEN project_id IS NULL THEN jsonb_build_object(
        'sqlstate', 'ML003',
        'message', format('unknown project "%s"', project_name),
        'hint', coalesce(
            'the projects are: ' || (
                SELECT string_agg(project.name, ', ' ORDER BY project.name) FROM pgml_internal.projects AS project
                WHERE has_column_privilege(role, project.rights, 'predict', 'REFERENCES')
            ),
            'there are none that you may use; pgml.train makes one'
        )
    )
    WHEN allowed IS NOT TRUE THEN jsonb_build_object(
        'sqlstate', '42501',
        'message', format('permission denied for project "%s": predicting needs the privilege predict', project_name),
        'hint', format(
            'its owner can give it: SELECT pgml.grant(%L, ''predict'', %L)', project_name, quote_ident(pg_get_userbyid(role))
        )
    )
    ELSE jsonb_build_object(
        'sqlstate', 'ML015',
        'message', format('project "%s" has no deployed model', project_name),
        'hint', 'train one with pgml.train, or deploy a trained one with pgml.deploy'
    )
END;
COMMENT ON FUNCTION pgml_internal.cannot_answer IS 'The error of a prediction that no model can make.';
