-- The model is looked up once a statement: the stamp tells one statement from the next.
CREATE OR REPLACE FUNCTION pgml.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    stamp float8 := date_part('epoch', statement_timestamp());
    prediction float8 := pgml._predict(project_name, features, stamp);
BEGIN
    IF prediction IS NULL THEN
        prediction := pgml._predict_first(project_name, features, stamp);
    END IF;
    RETURN prediction;
END
$$;
COMMENT ON FUNCTION pgml.predict(text, float8[]) IS
    'The prediction of the project''s deployed model; features in the order of the columns it was trained on.';
