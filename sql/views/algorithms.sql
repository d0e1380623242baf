-- Every algorithm that can be trained, and the plugin it comes from.
CREATE OR REPLACE VIEW pgml.algorithms AS
    SELECT provided.algorithm, provided.objective, provided.plugin, provided.version, provided.summary
    FROM pgml_internal.algorithms() AS provided;
COMMENT ON VIEW pgml.algorithms IS 'Every algorithm that can be trained; pgml.hyperparameters(algorithm, objective) has its settings.';
COMMENT ON COLUMN pgml.algorithms.algorithm IS 'How pgml.train is asked for it.';
COMMENT ON COLUMN pgml.algorithms.objective IS 'What its models do.';
COMMENT ON COLUMN pgml.algorithms.plugin IS 'The package that brings it.';
COMMENT ON COLUMN pgml.algorithms.version IS 'The version of that package.';
COMMENT ON COLUMN pgml.algorithms.summary IS 'What it is, in one sentence.';
