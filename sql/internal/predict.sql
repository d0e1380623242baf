-- The prediction, or NULL where the model has to be looked up first or the row needs a closer look: then it is
-- remembered who asked for what, for pgml_internal.predict_first, which comes next. Parallel safe, and therefore
-- it never calls back into SQL. GD holds the function once it was imported in this session.
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
