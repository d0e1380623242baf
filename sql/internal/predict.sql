-- The answer, or NULL where the model has to be looked up first or the row needs a closer look: then it is remembered
-- who asked for what, for pgml_internal.answer_first, which comes next. Parallel safe, and therefore they never call back
-- into SQL. GD holds the function that is called most once it was imported in this session.
CREATE OR REPLACE FUNCTION pgml_internal.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
predict = GD.get("pgml.predict")
if predict is None:
    from pgml.backend import serving
    predict = GD["pgml.predict"] = serving.predict
return predict(project_name, features)
$$;
COMMENT ON FUNCTION pgml_internal.predict(text, float8[]) IS
    'The prediction of a model that this statement has looked up, for a row without surprises; else NULL.';

CREATE OR REPLACE FUNCTION pgml_internal.predict_model(model_id bigint, features float8[]) RETURNS float8
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.ask("predict_model", model_id, features)
$$;
COMMENT ON FUNCTION pgml_internal.predict_model(bigint, float8[]) IS 'As pgml_internal.predict.';

CREATE OR REPLACE FUNCTION pgml_internal.classify(project_name text, features float8[]) RETURNS float8
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.ask("classify", project_name, features)
$$;
COMMENT ON FUNCTION pgml_internal.classify(text, float8[]) IS 'As pgml_internal.predict; for a model that has classes.';

CREATE OR REPLACE FUNCTION pgml_internal.predict_proba(project_name text, features float8[]) RETURNS float8[]
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.ask("predict_proba", project_name, features)
$$;
COMMENT ON FUNCTION pgml_internal.predict_proba(text, float8[]) IS 'As pgml_internal.predict; the probabilities.';

CREATE OR REPLACE FUNCTION pgml_internal.predict_batch(project_name text, shape integer[]) RETURNS float8[]
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.ask("predict_batch", project_name, shape)
$$;
COMMENT ON FUNCTION pgml_internal.predict_batch(text, integer[]) IS
    'As pgml_internal.predict; for an array of rows, of that shape, which pgml_internal.answer_rows takes next.';

CREATE OR REPLACE FUNCTION pgml_internal.classes(project_name text) RETURNS float8[]
LANGUAGE plpython3u STABLE PARALLEL SAFE AS $$
from pgml.backend import serving
return serving.ask("classes", project_name, ())
$$;
COMMENT ON FUNCTION pgml_internal.classes(text) IS 'As pgml_internal.predict; the labels of the model.';
