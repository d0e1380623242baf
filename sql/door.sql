-- The fast door: what functions/ has in SQL and PL/Python, by the module in C at :door. A server without that file cannot
-- run them: installing again, without the door, puts the others back.
CREATE OR REPLACE FUNCTION pgml.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 100 AS :'door', 'pgml_predict';
