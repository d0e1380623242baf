-- Looks up the model that answers what a function of internal/predict.sql was asked a moment ago, if the role that asked
-- may predict, and lets it answer. It runs with the rights of pgml's owner, and takes no argument that a caller could
-- choose: that of the other function waits in the memory of this process.
CREATE OR REPLACE FUNCTION pgml_internal.answer_first(OUT prediction float8, OUT numbers float8[])
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0 -- not what waits in that of another
AS $$
DECLARE
    asked record;
    chosen record;
    attempt record;
    estimator bytea;
    answer record;
    raised boolean;
    listened bigint;
    called text;
BEGIN
    asked := pgml_internal.asked();
    IF asked.error IS NOT NULL THEN
        raised := pgml_internal.raise(asked.error, 1);
    ELSIF asked.role IS NULL THEN
        RETURN; -- PostgreSQL is planning, and guesses
    END IF;
    called := coalesce(format('project "%s"', asked.project_name), format('model %s', asked.model_id));
    -- In a transaction that goes on, a session may not have heard yet what others have revoked: it listens when it
    -- locks something that it does not hold in that way, as this does and gives up at once. Nobody holds a sequence
    -- as one holds a table that is read.
    listened := pg_relation_size('pgml_internal.projects_id_seq');
    IF asked.model_id IS NULL THEN
        SELECT project.id AS project_id, model.id AS model_id, model.digest,
                has_column_privilege(asked.role, project.rights, 'predict', 'REFERENCES') AS allowed
            INTO chosen
            FROM pgml_internal.projects AS project
            LEFT JOIN LATERAL (
                SELECT model_id FROM pgml_internal.deployments WHERE project_id = project.id ORDER BY id DESC LIMIT 1
            ) AS deployment ON true
            LEFT JOIN pgml_internal.models AS model ON model.id = deployment.model_id
            WHERE project.name = asked.project_name;
    ELSE
        SELECT project.id AS project_id, model.id AS model_id, model.digest,
                has_column_privilege(asked.role, project.rights, 'predict', 'REFERENCES') AS allowed
            INTO chosen
            FROM pgml_internal.models AS model
            JOIN pgml_internal.projects AS project ON project.id = model.project_id
            WHERE model.id = asked.model_id;
    END IF;
    IF chosen.model_id IS NULL OR chosen.allowed IS NOT TRUE THEN
        raised := pgml_internal.raise(
            pgml_internal.cannot_answer(asked.project_name, asked.model_id, asked.role, chosen.project_id, chosen.allowed), 1
        );
    END IF;
    attempt := pgml_internal.answer_with(chosen.digest, NULL);
    IF NOT attempt.done THEN
        attempt := pgml_internal.answer_with(chosen.digest, (
            SELECT artifact.predictor FROM pgml_internal.artifacts AS artifact WHERE artifact.model_id = chosen.model_id
        ));
        IF NOT attempt.done THEN
            raised := pgml_internal.raise(coalesce(attempt.error, jsonb_build_object(
                'sqlstate', 'ML016',
                'message', called || ': the predictor of its model is gone',
                'hint', 'train the model again, or deploy another one'
            )), 1);
        END IF;
    END IF;
    LOOP
        answer := pgml_internal.answer_carefully(estimator);
        IF answer.error IS NOT NULL THEN
            raised := pgml_internal.raise(answer.error, 1);
        END IF;
        EXIT WHEN answer.needs IS NULL;
        -- Each turn of the loop lets PostgreSQL look for a cancel request or a timeout, and see whether it is still there.
        PERFORM pg_sleep(0.001);
        estimator := NULL;
        IF answer.needs = 'estimator' THEN
            estimator := (
                SELECT artifact.estimator FROM pgml_internal.artifacts AS artifact WHERE artifact.model_id = chosen.model_id
            );
            IF estimator IS NULL THEN
                raised := pgml_internal.raise(jsonb_build_object(
                    'sqlstate', 'ML016',
                    'message', called || ': what its plugin saved of the model is gone',
                    'hint', 'train the model again, or deploy another one'
                ), 1);
            END IF;
        END IF;
    END LOOP;
    prediction := answer.prediction;
    numbers := answer.numbers;
END
$$;
COMMENT ON FUNCTION pgml_internal.answer_first IS 'The answer that a function of internal/predict.sql could not give by itself.';
