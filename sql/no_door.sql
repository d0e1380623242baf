-- What door.sql leaves behind where the functions that predict have been put back.
DROP FUNCTION IF EXISTS pg_catalog.pgml_predict_array(text, anyarray), pg_catalog.pgml_predict_row(text, VARIADIC "any"),
    pg_catalog.pgml_predict(text, float8[]), pg_catalog.pgml_predict_model(bigint, float8[]),
    pg_catalog.pgml_classify(text, float8[]), pg_catalog.pgml_predict_proba(text, float8[]),
    pg_catalog.pgml_predict_batch(text, float8[]), pg_catalog.pgml_simplify(internal);
