-- may_execute
SELECT coalesce(bool_and(has_function_privilege(:role::oid, f.oid, 'EXECUTE')), false) AS may
FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE n.nspname = 'pgml' AND f.proname = :function::text AND f.proowner = n.nspowner

-- listen
SELECT pg_relation_size('pgml_internal.projects_id_seq')

-- find_project
SELECT id, name, objective,
    ARRAY(
        SELECT privilege FROM unnest('{predict,read,train,deploy,own}'::text[]) AS privilege
        WHERE has_column_privilege(:role::oid, rights, privilege, 'REFERENCES')
    ) AS privileges
FROM pgml_internal.projects WHERE name = :name::text

-- project_names
SELECT name FROM pgml_internal.projects
WHERE has_column_privilege(:role::oid, rights, 'predict', 'REFERENCES') ORDER BY name

-- create_project
SELECT pgml_internal.create_project(:name::text, :objective::text, :role::oid)

-- lock_project
SELECT FROM pgml_internal.projects WHERE id = :project_id::bigint FOR NO KEY UPDATE

-- change_rights
SELECT pgml_internal.change_rights(:project_id::bigint, :role::oid, :privileges::text[], :give::boolean)

-- owner
SELECT pg_get_userbyid(given.grantee) AS owner, given.grantee::bigint AS role
FROM pgml_internal.projects AS project
JOIN pg_attribute AS a ON a.attrelid = project.rights AND a.attname = 'own', aclexplode(a.attacl) AS given
WHERE project.id = :project_id::bigint
LIMIT 1

-- role_name
SELECT rolname AS name FROM pg_roles WHERE oid = :role::oid

-- next_snapshot_id
SELECT nextval('pgml_internal.snapshots_id_seq') AS id

-- create_snapshot
SELECT pgml_internal.create_snapshot(:snapshot_id::bigint, :names::text[], :types::text[], :writer::oid)

-- save_snapshot
INSERT INTO pgml_internal.snapshots (id, project_id, relation_name, y_column_name, row_count)
VALUES (:id::bigint, :project_id::bigint, :relation_name::text, :y_column_name::text, :row_count::bigint)

-- seal_snapshot
SELECT pgml_internal.seal_snapshot(:snapshot_id::bigint, :project_id::bigint)

-- latest_snapshot
SELECT id, relation_name, y_column_name, row_count FROM pgml_internal.snapshots
WHERE project_id = :project_id::bigint ORDER BY id DESC LIMIT 1

-- snapshot
SELECT id, relation_name, y_column_name, row_count FROM pgml_internal.snapshots WHERE id = :id::bigint

-- save_model
INSERT INTO pgml_internal.models (
    project_id, snapshot_id, algorithm_name, hyperparams, test_size, test_sampling, features, metrics, served_by,
    plugin_name, plugin_version, digest
) VALUES (
    :project_id::bigint, :snapshot_id::bigint, :algorithm_name::text, :hyperparams::jsonb, :test_size::float8,
    :test_sampling::text, :features::text[], :metrics::jsonb, :served_by::text, :plugin_name::text,
    :plugin_version::text, :digest::text
) RETURNING id

-- save_artifacts
INSERT INTO pgml_internal.artifacts (model_id, predictor, estimator, test_rows)
VALUES (:model_id::bigint, :predictor::bytea, :estimator::bytea, :test_rows::bytea)

-- models
SELECT id, snapshot_id, algorithm_name, test_size, test_sampling, metrics, digest FROM pgml_internal.models
WHERE project_id = :project_id::bigint AND (:algorithm_name::text IS NULL OR algorithm_name = :algorithm_name::text)
ORDER BY id DESC

-- model
SELECT id, snapshot_id, algorithm_name, test_size, test_sampling, metrics, digest FROM pgml_internal.models
WHERE id = :model_id::bigint

-- project_of_model
SELECT project.name FROM pgml_internal.models AS model JOIN pgml_internal.projects AS project ON project.id = model.project_id
WHERE model.id = :model_id::bigint

-- hyperparameters_of_model
SELECT hyperparams FROM pgml_internal.models WHERE id = :model_id::bigint

-- artifacts
SELECT predictor, estimator FROM pgml_internal.artifacts WHERE model_id = :model_id::bigint

-- deployed
SELECT m.id, m.snapshot_id, m.algorithm_name, m.test_size, m.test_sampling, m.metrics, m.digest
FROM pgml_internal.deployments AS d JOIN pgml_internal.models AS m ON m.id = d.model_id
WHERE d.project_id = :project_id::bigint ORDER BY d.id DESC LIMIT 1

-- features_of_model
SELECT features, served_by = 'backend' AS compiled FROM pgml_internal.models WHERE id = :model_id::bigint

-- deploy
INSERT INTO pgml_internal.deployments (project_id, model_id, strategy, previous_id)
VALUES (
    :project_id::bigint, :model_id::bigint, :strategy::text,
    (SELECT max(id) FROM pgml_internal.deployments WHERE project_id = :project_id::bigint)
)

-- roll_back
INSERT INTO pgml_internal.deployments (project_id, model_id, strategy, previous_id)
SELECT :project_id::bigint, target.model_id, 'rollback', target.previous_id
FROM pgml_internal.deployments AS target
WHERE target.id = (
    SELECT previous_id FROM pgml_internal.deployments WHERE project_id = :project_id::bigint ORDER BY id DESC LIMIT 1
)
RETURNING id

-- parts_of_name
SELECT parse_ident(:name::text) AS parts

-- data_set_table
SELECT c.relowner = n.nspowner AND c.relkind = 'r' AND obj_description(c.oid, 'pg_class') IS NOT DISTINCT FROM :mark::text AS ours,
    ARRAY(
        SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod)]
        FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ) AS columns,
    ARRAY(SELECT tgname::text FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal ORDER BY tgname) AS triggers
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'pgml' AND c.relname = :source::text

-- close
SELECT pgml_internal.close(:relation::regclass)

-- snapshot_oid
SELECT to_regclass(:snapshot::text)::oid::bigint AS oid

-- snapshot_bytes
SELECT pg_relation_size(:snapshot::regclass) AS bytes
