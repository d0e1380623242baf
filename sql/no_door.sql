-- What door.sql leaves behind where the functions that predict have been put back.
DROP FUNCTION IF EXISTS pgml_internal.predict_array(text, anyarray), pgml_internal.predict_row(text, VARIADIC "any"),
    pgml_internal.simplify(internal);
