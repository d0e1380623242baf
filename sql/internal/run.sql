-- Runs, as its caller, the query that backend/scoring.py has written, in which all names are qualified.
CREATE OR REPLACE FUNCTION pgml_internal.run(query text)
RETURNS TABLE (key text, prediction float8, probabilities float8[])
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY EXECUTE query;
END
$$;
COMMENT ON FUNCTION pgml_internal.run IS 'The rows of a query of pgml.score or pgml.score_proba.';
