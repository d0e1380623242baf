-- Takes away what door.sql has made; those of PL/Python are found instead.
DELETE FROM pg_depend USING pg_proc AS part
WHERE classid = 'pg_proc'::regclass AND objid = part.oid AND deptype = 'i'
    AND part.pronamespace = 'pgml_doors'::regnamespace AND part.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c');
DROP FUNCTION IF EXISTS pgml_doors.predict_array(text, anyarray), pgml_doors.predict_row(text, VARIADIC "any"),
    pgml_doors.predict(text, float8[]), pgml_doors.predict_model(bigint, float8[]), pgml_doors.classify(text, float8[]),
    pgml_doors.predict_proba(text, float8[]), pgml_doors.predict_batch(text, float8[]), pgml_doors.simplify(internal);
