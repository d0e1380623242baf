"""The functions and views that users meet: names, order and defaults of arguments, columns of results."""

from __future__ import annotations

import pytest
from sessions import Session

# name(arguments with defaults) → result, as pg_get_function_arguments and pg_get_function_result print them; where
# there are several of a name, all of them.
FUNCTIONS = {
    "version": ("", "text"),
    "load_dataset": ("source text", "text"),
    "train": (
        (
            "project_name text, objective text DEFAULT NULL::text, relation_name text DEFAULT NULL::text, "
            "y_column_name text DEFAULT NULL::text, algorithm text DEFAULT 'linear'::text, "
            "hyperparams jsonb DEFAULT '{}'::jsonb, search text DEFAULT NULL::text, "
            "search_params jsonb DEFAULT '{}'::jsonb, search_args jsonb DEFAULT '{}'::jsonb, "
            "test_size double precision DEFAULT 0.25, test_sampling text DEFAULT NULL::text, "
            "preprocess jsonb DEFAULT '{}'::jsonb, deploy boolean DEFAULT true"
        ),
        "TABLE(project_name text, objective text, algorithm_name text, status text)",
    ),
    "predict": ("project_name text, features double precision[]", "double precision"),
    "predict_model": ("model_id bigint, features double precision[]", "double precision"),
    "classify": ("project_name text, features double precision[]", "text"),
    "predict_proba": ("project_name text, features double precision[]", "double precision[]"),
    "predict_batch": ("project_name text, features double precision[]", "SETOF double precision"),
    "classes": ("project_name text", "text[]"),
    "score": ("project_name text, relation_name text, key text", "TABLE(key text, prediction double precision)"),
    "score_proba": (
        "project_name text, relation_name text, key text",
        "TABLE(key text, probabilities double precision[])",
    ),
    "deploy": (
        "project_name text, strategy text DEFAULT 'best_score'::text, algorithm_name text DEFAULT NULL::text",
        "TABLE(project_name text, strategy text, algorithm_name text)",
    ),
    "grant": ("project_name text, privilege text, role regrole", "void"),
    "revoke": ("project_name text, privilege text, role regrole", "void"),
    "hyperparameters": (
        "algorithm text, objective text",
        (
            'TABLE(name text, type text, "default" jsonb, minimum double precision, maximum double precision, '
            "choices text[], description text)"
        ),
    ),
    "export_sql": [
        ("model_id bigint, function_name text", "text"),
        ("project_name text, function_name text", "text"),
    ],
    "export_model": [
        ("model_id bigint, format text DEFAULT 'safetensors'::text", "bytea"),
        ("project_name text, format text DEFAULT 'safetensors'::text", "bytea"),
    ],
}

# The first columns of each view; more may follow.
VIEWS = {
    "algorithms": "algorithm text, objective text, plugin text, version text, summary text",
    "overview": "name text, deployed_at timestamp with time zone, objective text, algorithm_name text, "
    "relation_name text, y_column_name text, test_sampling text, test_size double precision",
    "trained_models": "id bigint, name text, objective text, algorithm_name text, created_at timestamp with time zone, "
    "test_sampling text, test_size double precision, deployed boolean",
    "projects": "id bigint, name text, objective text, created_at timestamp with time zone",
    "snapshots": "id bigint, project_id bigint, relation_name text, y_column_name text",
    "models": "id bigint, project_id bigint, snapshot_id bigint, algorithm_name text",
    "deployments": "id bigint, project_id bigint, model_id bigint, strategy text",
    "grants": "project_name text, role_name text, privilege text",
    "schema_version": "version integer, installed_at timestamp with time zone",
    "deployed_models": "id bigint, name text, objective text, algorithm_name text, "
    "deployed_at timestamp with time zone",
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_as_promised(trained_once, name):
    found = trained_once.execute(
        "SELECT pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc"
        " WHERE pronamespace = 'pgml'::regnamespace AND proname = %s",
        name,
    )
    promised = FUNCTIONS[name]
    assert sorted(found) == (promised if isinstance(promised, list) else [promised])


@pytest.mark.parametrize("name", VIEWS)
def test_view_begins_with_the_promised_columns(trained_once, name):
    ((columns,),) = trained_once.execute(
        "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position)"
        " FROM information_schema.columns WHERE table_schema = 'pgml' AND table_name = %s",
        name,
    )
    assert f"{columns}, ".startswith(f"{VIEWS[name]}, ")


def test_schema_pgml_holds_what_users_meet_and_nothing_else(trained_once):
    functions = trained_once.execute("SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pgml'::regnamespace")
    assert {name for (name,) in functions} == set(FUNCTIONS)
    relations = trained_once.execute("SELECT relname, relkind FROM pg_class WHERE relnamespace = 'pgml'::regnamespace")
    assert {name for name, _ in relations} == set(VIEWS)
    assert {kind for _, kind in relations} == {"v"}


def test_everything_is_described(trained_once):
    """Views, tables, their columns where a name does not say it all, and functions; internals too."""
    undescribed = trained_once.execute(
        """
        SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace IN ('pgml'::regnamespace, 'pgml_internal'::regnamespace) AND obj_description(oid, 'pg_proc') IS NULL
        UNION ALL
        SELECT oid::regclass::text FROM pg_class
        WHERE relnamespace IN ('pgml'::regnamespace, 'pgml_internal'::regnamespace) AND relkind IN ('r', 'v')
            AND relname !~ '^rights_' AND obj_description(oid, 'pg_class') IS NULL
        UNION ALL
        SELECT attrelid::regclass || '.' || attname FROM pg_attribute
        JOIN pg_class AS c ON c.oid = attrelid
        WHERE relnamespace = 'pgml'::regnamespace AND attnum > 0 AND col_description(attrelid, attnum) IS NULL
        """
    )
    assert undescribed == []


def test_trained_models_fits_a_screen(trained_once):
    columns = trained_once.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'pgml.trained_models'::regclass AND attnum > 0"
    )
    assert len(columns) == 8, "metrics and hyperparameters are in pgml.models"


def test_arguments_can_be_given_by_name_and_by_place(trained):
    session = Session(trained.connect())
    by_place = session.execute(
        "SELECT * FROM pgml.train('named', 'regression', 'points', 'target', 'linear', '{}', NULL, '{}', '{}',"
        " 0.5, 'last', '{}', false)"
    )
    by_name = session.execute(
        "SELECT * FROM pgml.train(deploy => false, preprocess => '{}', test_sampling => 'last', test_size => 0.5,"
        " search_args => '{}', search_params => '{}', search => NULL, hyperparams => '{}', algorithm => 'linear',"
        " y_column_name => 'target', relation_name => 'points', objective => 'regression', project_name => 'named')"
    )
    assert by_place == by_name == [("named", "regression", "linear", "not deployed")]
    trained_models = "SELECT test_size, test_sampling, deployed FROM pgml.trained_models WHERE name = 'named'"
    assert session.execute(trained_models) == [(0.5, "last", False)] * 2


def test_algorithms_names_each_pair_once(trained_once):
    rows = trained_once.execute("SELECT algorithm, objective, plugin, version, summary FROM pgml.algorithms")
    pairs = [row[:2] for row in rows]
    assert len(set(pairs)) == len(pairs)
    for algorithm in ("linear", "xgboost", "random_forest", "gradient_boosting_trees"):
        assert {(algorithm, "regression"), (algorithm, "classification")} <= set(pairs)
    assert all(all(row) for row in rows)


def test_hyperparameters_are_listed_with_their_rules(trained_once):
    rows = trained_once.execute("SELECT * FROM pgml.hyperparameters('xgboost', 'regression')")
    by_name = {row[0]: row[1:] for row in rows}
    kind, default, minimum, _, choices, description = by_name["n_estimators"]
    assert (kind, choices) == ("integer", None)
    assert default >= minimum >= 0
    assert description.endswith(".")
    assert any(row[5] for row in rows), "some have choices"


def test_every_default_is_within_its_own_rules(trained_once):
    broken = trained_once.execute(
        """
        SELECT a.algorithm, a.objective, h.name FROM pgml.algorithms AS a,
            pgml.hyperparameters(a.algorithm, a.objective) AS h
        WHERE (jsonb_typeof(h."default") = 'number'
               AND ((h."default")::float8 < h.minimum OR (h."default")::float8 > h.maximum))
           OR (h.type = 'text' AND jsonb_typeof(h."default") = 'string' AND NOT h."default" #>> '{}' = ANY (h.choices))
        """
    )
    assert broken == []


def test_the_views_tell_what_was_trained_and_deployed(trained_once):
    rows = trained_once.execute("SELECT algorithm_name FROM pgml.trained_models WHERE name = 'parity'")
    assert rows == [("linear",), ("random_forest",)]
    deployed = trained_once.execute("SELECT id, name, objective, algorithm_name FROM pgml.deployed_models")
    assert [row[1:3] for row in deployed] == [("parity", "classification"), ("sum", "regression")]
    assert trained_once.execute("SELECT id FROM pgml.trained_models WHERE deployed ORDER BY name") == [
        (row[0],) for row in deployed
    ]
    assert trained_once.execute(
        "SELECT name, objective, relation_name, y_column_name, test_sampling, test_size FROM pgml.overview"
    ) == [
        ("parity", "classification", "labels", "label", "stratified", 0.25),
        ("sum", "regression", "numbers", "target", "random", 0.25),
    ]


def test_version_is_that_of_the_package(trained_once):
    import pgml

    assert trained_once.execute("SELECT pgml.version()") == [(pgml.__version__,)]
