-- Looks up the model that answers what pgml_internal.predict was asked a moment ago, if the role that asked may
-- predict, and lets it answer. It runs with the rights of pgml's owner, and takes no argument that a caller
-- could choose: that of pgml_internal.predict waits in the memory of this process.
CREATE OR REPLACE FUNCTION pgml_internal.predict_first() RETURNS float8
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    asked record;
    deployed record;
    attempt record;
    estimator bytea;
    answer record;
    raised boolean;
    listened bigint;
BEGIN
    asked := pgml_internal.asked();
    IF asked.error IS NOT NULL THEN
        raised := pgml_internal.raise(asked.error, 1);
    ELSIF asked.role IS NULL THEN
        RETURN NULL; -- PostgreSQL is planning, and guesses
    END IF;
    -- In a transaction that goes on, a session may not have heard yet what others have revoked: it listens when it
    -- locks something that it does not hold in that way, as this does and gives up at once. Nobody holds a sequence
    -- as one holds a table that is read.
    listened := pg_relation_size('pgml_internal.projects_id_seq');
    SELECT project.id AS project_id, model.id AS model_id, model.digest,
            has_column_privilege(asked.role, project.rights, 'predict', 'REFERENCES') AS allowed
        INTO deployed
        FROM pgml_internal.projects AS project
        LEFT JOIN LATERAL (
            SELECT model_id FROM pgml_internal.deployments WHERE project_id = project.id ORDER BY id DESC LIMIT 1
        ) AS deployment ON true
        LEFT JOIN pgml_internal.models AS model ON model.id = deployment.model_id
        WHERE project.name = asked.project_name;
    IF deployed.model_id IS NULL OR deployed.allowed IS NOT TRUE THEN
        raised := pgml_internal.raise(
            pgml_internal.cannot_answer(asked.project_name, asked.role, deployed.project_id, deployed.allowed), 1
        );
    END IF;
    attempt := pgml_internal.answer_with(deployed.digest, NULL);
    IF NOT attempt.done THEN
        attempt := pgml_internal.answer_with(deployed.digest, (
            SELECT artifact.predictor FROM pgml_internal.artifacts AS artifact WHERE artifact.model_id = deployed.model_id
        ));
        IF NOT attempt.done THEN
            raised := pgml_internal.raise(coalesce(attempt.error, jsonb_build_object(
                'sqlstate', 'ML016',
                'message', format('project "%s": the predictor of its deployed model is gone', asked.project_name),
                'hint', 'train the model again, or deploy another one'
            )), 1);
        END IF;
    END IF;
    LOOP
        answer := pgml_internal.predict_carefully(estimator);
        IF answer.error IS NOT NULL THEN
            raised := pgml_internal.raise(answer.error, 1);
        END IF;
        EXIT WHEN answer.needs IS NULL;
        -- Each turn of the loop lets PostgreSQL look for a cancel request or a timeout, and see whether it is still there.
        PERFORM pg_sleep(0.001);
        estimator := NULL;
        IF answer.needs = 'estimator' THEN
            estimator := (
                SELECT artifact.estimator FROM pgml_internal.artifacts AS artifact WHERE artifact.model_id = deployed.model_id
            );
            IF estimator IS NULL THEN
                raised := pgml_internal.raise(jsonb_build_object(
                    'sqlstate', 'ML016',
                    'message', format('project "%s": what its plugin saved of the deployed model is gone', asked.project_name),
                    'hint', 'train the model again, or deploy another one'
                ), 1);
            END IF;
        END IF;
    END LOOP;
    RETURN answer.prediction;
END
$$;
COMMENT ON FUNCTION pgml_internal.predict_first() IS 'The prediction that pgml_internal.predict could not make by itself.';
