-- How a prediction reaches the compiled model. Everything here is parallel safe, and therefore the Python
-- functions never call back into SQL: whatever has to be looked up is looked up in PL/pgSQL.

-- The prediction, or NULL where the model has to be looked up first or the row needs a closer look.
-- GD holds the function from pgml.serving once _load has been called in this session.
CREATE OR REPLACE FUNCTION pgml._predict(project_name text, features float8[], stamp float8) RETURNS float8
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
predict = GD.get("pgml.predict")
return predict and predict(project_name, features, stamp)
$$;

-- Makes the model with that digest answer for the project during the statement with that stamp. Not loaded where
-- its bytes are needed and were not given, or are not sound.
CREATE OR REPLACE FUNCTION pgml._load(
    project_name text, stamp float8, digest text, predictor bytea,
    OUT loaded boolean, OUT error jsonb
) LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
GD["pgml.predict"] = serving.predict
return serving.load(project_name, stamp, digest, predictor)
$$;

-- The prediction of the model that was loaded last for the project, or what is the matter with the row, or what
-- is needed first: 'estimator' (its saved bytes) or 'time' (the engine is at work).
CREATE OR REPLACE FUNCTION pgml._predict_carefully(
    project_name text, features float8[], estimator bytea,
    OUT prediction float8, OUT needs text, OUT error jsonb
) LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.predict_carefully(project_name, features, estimator)
$$;

CREATE OR REPLACE FUNCTION pgml._predict_first(project_name text, features float8[], stamp float8) RETURNS float8
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    deployed record;
    attempt record;
    estimator bytea;
    answer record;
BEGIN
    IF project_name IS NULL OR features IS NULL THEN
        PERFORM pgml._raise(jsonb_build_object('sqlstate', 'ML009', 'message', format(
            'pgml.predict: %s must not be NULL', CASE WHEN project_name IS NULL THEN 'project_name' ELSE 'features' END
        )));
    END IF;
    SELECT project.id AS project_id, model.id AS model_id, model.digest, model.algorithm_name, model.plugin_name
        INTO deployed
        FROM pgml.projects AS project
        LEFT JOIN LATERAL (
            SELECT model_id FROM pgml.deployments WHERE project_id = project.id ORDER BY id DESC LIMIT 1
        ) AS deployment ON true
        LEFT JOIN pgml.models AS model ON model.id = deployment.model_id
        WHERE project.name = project_name;
    IF deployed.model_id IS NULL THEN
        PERFORM pgml._raise(pgml._not_deployed(project_name, deployed.project_id IS NOT NULL));
    END IF;
    attempt := pgml._load(project_name, stamp, deployed.digest, NULL);
    IF NOT attempt.loaded THEN
        attempt := pgml._load(project_name, stamp, deployed.digest, (
            SELECT artifact.predictor FROM pgml.artifacts AS artifact WHERE artifact.model_id = deployed.model_id
        ));
        IF NOT attempt.loaded THEN
            PERFORM pgml._raise(coalesce(attempt.error, jsonb_build_object(
                'sqlstate', 'ML016',
                'message', format('project "%s": the predictor of its deployed model is gone', project_name),
                'hint', 'train the model again, or deploy another one'
            )));
        END IF;
    END IF;
    LOOP
        answer := pgml._predict_carefully(project_name, features, estimator);
        IF answer.error IS NOT NULL THEN
            PERFORM pgml._raise(answer.error);
        END IF;
        EXIT WHEN answer.needs IS NULL;
        -- Each turn of the loop lets PostgreSQL look for a cancel request or a timeout.
        estimator := NULL;
        IF answer.needs = 'estimator' THEN
            estimator := (SELECT artifact.estimator FROM pgml.artifacts AS artifact WHERE artifact.model_id = deployed.model_id);
        END IF;
    END LOOP;
    RETURN answer.prediction;
END
$$;

-- The error of a project that is unknown, or known but without a deployed model.
CREATE OR REPLACE FUNCTION pgml._not_deployed(project_name text, known boolean) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN known THEN jsonb_build_object(
        'sqlstate', 'ML015',
        'message', format('project "%s" has no deployed model', project_name),
        'hint', 'train one with pgml.train, or deploy a trained one with pgml.deploy'
    ) ELSE jsonb_build_object(
        'sqlstate', 'ML003',
        'message', format('unknown project "%s"', project_name),
        'hint', coalesce(
            'the projects are: ' || (SELECT string_agg(name, ', ' ORDER BY name) FROM pgml.projects),
            'there are no projects yet; pgml.train makes one'
        )
    ) END
$$;
