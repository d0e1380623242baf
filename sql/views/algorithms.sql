-- Every algorithm that can be trained, and the plugin it comes from.
CREATE OR REPLACE VIEW pgml.algorithms AS
    SELECT * FROM jsonb_to_recordset(pgml._call('algorithms', '{}'))
        AS provided (algorithm text, objective text, plugin text, version text, summary text);
