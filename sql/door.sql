-- The fast door: the functions that predict, by the module in C at :door, which has those of PL/Python at hand.
--
-- Each fits its call exactly and is found before that of PL/Python of the same name (doors/).
CREATE OR REPLACE FUNCTION pgml_doors.predict_array(project_name text, features anyarray) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict';
COMMENT ON FUNCTION pgml_doors.predict_array IS 'pgml.predict of numbers of another type.';

CREATE OR REPLACE FUNCTION pgml_doors.predict_row(project_name text, VARIADIC features "any") RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_row';
COMMENT ON FUNCTION pgml_doors.predict_row IS 'pgml.predict of an array that need not be made.';

CREATE OR REPLACE FUNCTION pgml_doors.simplify(internal) RETURNS internal
LANGUAGE c STRICT AS :'door', 'pgml_simplify';
COMMENT ON FUNCTION pgml_doors.simplify IS 'Has the planner put the two above in the place of the next.';

CREATE OR REPLACE FUNCTION pgml_doors.predict(project_name text, features float8[]) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 SUPPORT pgml_doors.simplify AS :'door', 'pgml_predict';
COMMENT ON FUNCTION pgml_doors.predict(text, float8[]) IS 'pgml.predict in C.';

CREATE OR REPLACE FUNCTION pgml_doors.predict_model(model_id bigint, features float8[]) RETURNS float8
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_model';
COMMENT ON FUNCTION pgml_doors.predict_model(bigint, float8[]) IS 'pgml.predict_model in C.';

CREATE OR REPLACE FUNCTION pgml_doors.classify(project_name text, features float8[]) RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_classify';
COMMENT ON FUNCTION pgml_doors.classify(text, float8[]) IS 'pgml.classify in C.';

CREATE OR REPLACE FUNCTION pgml_doors.predict_proba(project_name text, features float8[]) RETURNS float8[]
LANGUAGE c STABLE PARALLEL SAFE COST 10 AS :'door', 'pgml_predict_proba';
COMMENT ON FUNCTION pgml_doors.predict_proba(text, float8[]) IS 'pgml.predict_proba in C.';

CREATE OR REPLACE FUNCTION pgml_doors.predict_batch(project_name text, features float8[][]) RETURNS SETOF float8
LANGUAGE c STABLE PARALLEL SAFE COST 1000 AS :'door', 'pgml_predict_batch';
COMMENT ON FUNCTION pgml_doors.predict_batch(text, float8[]) IS 'pgml.predict_batch in C.';

REVOKE ALL ON FUNCTION pgml_doors.simplify(internal) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgml_doors.predict_array(text, anyarray), pgml_doors.predict_row(text, VARIADIC "any"),
    pgml_doors.predict(text, float8[]), pgml_doors.predict_model(bigint, float8[]), pgml_doors.classify(text, float8[]),
    pgml_doors.predict_proba(text, float8[]), pgml_doors.predict_batch(text, float8[]) TO PUBLIC;

-- They are parts of a function of PL/Python's door, and go with it, as the constructors of a range type are parts of that
-- type. pg_dump leaves out what is a part: to restore a function in C fails where its file is not, or is another server's.
-- There is no statement that says so of a function. (As members of the extension plpython3u they would be in no dump, either,
-- but DROP SCHEMA pgml_doors CASCADE would drop that, with every function in PL/Python that others have made.)
INSERT INTO pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
SELECT 'pg_proc'::regclass, part.oid, 0, 'pg_proc'::regclass, 'pgml_doors.predict(varchar, float8[])'::regprocedure, 0, 'i'
FROM pg_proc AS part
WHERE part.pronamespace = 'pgml_doors'::regnamespace AND part.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c');
