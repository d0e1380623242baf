CREATE OR REPLACE FUNCTION pgml.export_sql(project_name text, function_name text) RETURNS text
LANGUAGE sql
RETURN pgml_internal.result(pgml_internal.call(
    'export_sql', jsonb_build_object('project_name', project_name, 'function_name', function_name), current_setting('search_path')
)) #>> '{}';
COMMENT ON FUNCTION pgml.export_sql(text, text) IS
    'Statements that create a function in plain SQL whose answers are those of the project''s deployed model.';

CREATE OR REPLACE FUNCTION pgml.export_sql(model_id bigint, function_name text) RETURNS text
LANGUAGE sql
RETURN pgml_internal.result(pgml_internal.call(
    'export_sql', jsonb_build_object('model_id', model_id, 'function_name', function_name), current_setting('search_path')
)) #>> '{}';
COMMENT ON FUNCTION pgml.export_sql(bigint, text) IS
    'Statements that create a function in plain SQL whose answers are those of a model.';
