CREATE OR REPLACE FUNCTION pgml.export_model(project_name text, format text DEFAULT 'safetensors') RETURNS bytea
LANGUAGE sql
RETURN decode(pgml_internal.result(pgml_internal.call(
    'export_model', jsonb_build_object('project_name', project_name, 'format', format), current_setting('search_path')
)) #>> '{}', 'base64');
COMMENT ON FUNCTION pgml.export_model(text, text) IS
    'The bytes of the project''s deployed model: safetensors (its predictor), onnx, or native (the format of its library).';

CREATE OR REPLACE FUNCTION pgml.export_model(model_id bigint, format text DEFAULT 'safetensors') RETURNS bytea
LANGUAGE sql
RETURN decode(pgml_internal.result(pgml_internal.call(
    'export_model', jsonb_build_object('model_id', model_id, 'format', format), current_setting('search_path')
)) #>> '{}', 'base64');
COMMENT ON FUNCTION pgml.export_model(bigint, text) IS
    'The bytes of a model: safetensors (its predictor), onnx, or native (the format of its library).';
