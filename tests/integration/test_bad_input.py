"""What cannot work is refused: in a sentence, with its own SQLSTATE, as any SQL error, and nothing is saved."""

from __future__ import annotations

import json

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from sessions import Session, check_clean

BOTH_DOORS = True

TABLES = ("projects", "snapshots", "models", "artifacts", "deployments")


@pytest.fixture(scope="module")
def session(trained_once) -> Session:
    """One session for the whole module: what is refused leaves nothing behind."""
    session = Session(trained_once.connect())
    session.execute(
        """
        CREATE TABLE empty (x float8, y float8);
        CREATE TABLE one_row AS SELECT 1.0::float8 AS x, 2.0::float8 AS y;
        CREATE TABLE one_class AS SELECT i::float8 AS x, 7 AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE lonely_labels AS SELECT i::float8 AS x, i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE sorted_labels AS SELECT i::float8 AS x, i / 10 AS y FROM generate_series(0, 29) AS i;
        CREATE TABLE fractions AS SELECT i::float8 AS x, i / 2.0 AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE only_target AS SELECT i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE words AS SELECT i AS x, 'w' || i AS "Some Word", i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE dates AS SELECT now() AS moment, i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE word_arrays AS SELECT ARRAY['a'] AS w, i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE target_array AS SELECT i AS x, ARRAY[i] AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE ragged AS SELECT array_fill(1.0, ARRAY[1 + i % 3]) AS x, i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE bent AS SELECT CASE WHEN i % 2 = 0 THEN '{1,2,3,4}' ELSE '{{1,2},{3,4}}' END::int[] AS x, i AS y
            FROM generate_series(1, 20) AS i;
        CREATE TABLE no_elements AS SELECT '{}'::int[] AS x, i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE missing_arrays AS SELECT NULL::int[] AS x, i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE beyond AS SELECT 1e400::numeric AS x, i AS y FROM generate_series(1, 20) AS i;
        CREATE TABLE large AS SELECT i * 1e300 AS x, i AS y FROM generate_series(1, 20) AS i;
        CREATE INDEX an_index ON words (x);
        CREATE SEQUENCE a_sequence;
        """
    )
    for kind in ("float4", "float8", "numeric"):
        for name, value in (
            ("null", "NULL"),
            ("nan", "'NaN'"),
            ("infinity", "'Infinity'"),
            ("minus", "'-Infinity'"),
        ):
            session.execute(
                f"CREATE TABLE {name}_{kind} AS SELECT i AS x, i % 2 AS y,"
                f" CASE WHEN i IN (3, 8) THEN {value}::{kind} ELSE 1 END AS z FROM generate_series(1, 20) AS i"
            )
    return session


@pytest.fixture(autouse=True)
def saved(session: Session):
    """Check around each test that nothing was saved, and that the session is still of use."""

    def contents() -> list:
        snapshots = (
            "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'pgml%' AND relkind = 'r'"
        )
        return [session.value(f"SELECT count(*) FROM pgml_internal.{table}") for table in TABLES] + session.execute(
            snapshots
        )

    before = contents()
    yield
    assert contents() == before


def refused(session: Session, sqlstate: str, *said: str, **arguments) -> psycopg2.Error:
    """Train a new project with arguments that are good but for those given; it must fail and say so."""
    good = {
        "project_name": "new",
        "objective": "regression",
        "relation_name": "points",
        "y_column_name": "target",
    }
    given = {**good, **arguments}
    words = ", ".join(f"{name} => %s" for name in given)
    error = session.refused(f"SELECT * FROM pgml.train({words})", *given.values())
    text = f"{error.diag.message_primary}\n{error.diag.message_hint}"
    assert error.pgcode == sqlstate, error
    for each in said:
        assert each in text
    return error


# -- names -------------------------------------------------------------------------------------------------


def test_unknown_algorithm(session):
    refused(
        session,
        "ML001",
        'unknown algorithm "xgbost" for regression',
        'did you mean "xgboost"',
        algorithm="xgbost",
    )
    refused(session, "ML009", "algorithm must not be empty", algorithm="")
    refused(session, "ML009", "algorithm must not be NULL", algorithm=None)


@pytest.mark.parametrize(
    ("algorithm", "objective", "said"),
    [
        ("logistic_regression", "classification", '"logistic_regression" is called "linear" here; the choices are: '),
        ("RandomForestClassifier", "classification", '"RandomForestClassifier" is called "random_forest" here; '),
        ("Random Forest", "regression", '"Random Forest" is called "random_forest" here; '),
        ("catboost", "regression", '"catboost" is in a plugin: pip install pgml-catboost'),
        ("lars", "classification", '"lars" is for regression, where it is called "least_angle"; '),
        ("x" * 100_000, "regression", 'unknown algorithm "xxx'),
    ],
)
def test_an_algorithm_by_the_name_that_it_has_elsewhere(session, algorithm, objective, said):
    error = refused(session, "ML001", said, algorithm=algorithm, objective=objective)
    assert len(error.diag.message_primary) < 200


@pytest.mark.parametrize("project", ["new", "sum"])
def test_an_objective_by_the_name_that_it_has_elsewhere(session, project):
    said = '"Classifier" is called "classification" here; the choices are: classification, regression'
    refused(session, "ML002", said, objective="Classifier", project_name=project)
    error = refused(session, "ML002", 'unknown objective "xxx', objective="x" * 100_000, project_name=project)
    assert len(error.diag.message_primary) < 200


def test_unknown_objective(session):
    refused(
        session, "ML002", 'unknown objective "regresion"', 'did you mean "regression"', objective="regresion"
    )
    refused(session, "ML002", 'unknown objective ""', objective="")
    refused(session, "ML009", "its first training must name an objective", "regression", objective=None)
    refused(session, "ML002", 'unknown objective "regresion"', project_name="sum", objective="regresion")


def test_an_objective_that_is_not_the_projects(session):
    refused(
        session, "ML002", 'project "sum" is for regression', project_name="sum", objective="classification"
    )


def test_an_algorithm_without_the_objective(session):
    pairs = set(session.execute("SELECT algorithm, objective FROM pgml.algorithms"))
    single = [(name, objective) for name, objective in pairs if len({o for n, o in pairs if n == name}) == 1]
    if not single:
        pytest.skip("every algorithm does both")
    name, objective = min(single)
    other = {"regression": "classification", "classification": "regression"}[objective]
    refused(session, "ML001", f'"{name}"', f"only {objective}", algorithm=name, objective=other)


@pytest.mark.parametrize(
    "name", ["nowhere", "no.where", "a.b.c.d", "", ".", '"', '"half', "po ints", "an_index ", "1"]
)
def test_unknown_relation(session, name):
    refused(session, "ML004", f'"{name}"', relation_name=name)


def test_unknown_relation_with_a_suggestion(session):
    refused(
        session,
        "ML004",
        'there is no table or view "pionts"',
        'did you mean "points"',
        relation_name="pionts",
    )


@pytest.mark.parametrize("name", ["an_index", "a_sequence", "pg_type_oid_index"])
def test_what_holds_no_rows_is_no_relation_to_train_on(session, name):
    refused(session, "ML004", f'"{name}" is neither a table nor a view', relation_name=name)


def test_unknown_column(session):
    refused(
        session, "ML005", 'points has no column "targte"', 'did you mean "target"', y_column_name="targte"
    )
    refused(session, "ML005", 'points has no column "TARGET"', y_column_name="TARGET")
    refused(session, "ML005", 'points has no column "ctid"', y_column_name="ctid")
    refused(session, "ML009", "y_column_name must not be NULL", y_column_name=None)
    refused(session, "ML009", "y_column_name must not be empty", y_column_name="")


def test_another_target_of_the_same_snapshot(session):
    refused(
        session, "ML009", 'has the target "target"', "name the relation",
        project_name="sum", objective=None, relation_name=None, y_column_name="a",
    )  # fmt: skip


def test_a_new_project_needs_a_relation(session):
    refused(session, "ML009", 'project "new" has no snapshot yet', relation_name=None, y_column_name=None)


def test_unknown_dataset(session):
    error = session.refused("SELECT pgml.load_dataset('diabets')")
    assert error.pgcode == "ML006"
    assert 'did you mean "diabetes"' in error.diag.message_hint
    for name in ("diabetes", "digits", "iris", "wine", "breast_cancer", "linnerud"):
        assert name in error.diag.message_hint
    assert session.refused("SELECT pgml.load_dataset(NULL)").pgcode == "ML009"
    assert session.refused("SELECT pgml.load_dataset('')").pgcode == "ML009"


def test_unknown_project_and_strategy(session):
    error = session.refused("SELECT pgml.deploy('smu')")
    assert error.pgcode == "ML003"
    assert 'did you mean "sum"' in error.diag.message_hint
    error = session.refused("SELECT pgml.deploy('sum', 'bestscore')")
    assert (error.pgcode, 'did you mean "best_score"' in error.diag.message_hint) == ("ML007", True)
    error = session.refused("SELECT pgml.deploy('sum', algorithm_name => 'xgboost')")
    assert (error.pgcode, "linear" in error.diag.message_hint) == ("ML001", True)
    assert session.refused("SELECT pgml.deploy('sum', 'rollback', 'linear')").pgcode == "ML009"
    error = session.refused("SELECT pgml.predict('smu', ARRAY[1, 2, 3])")
    assert (error.pgcode, "sum" in error.diag.message_hint) == ("ML003", True)


@pytest.mark.parametrize(
    "arguments", ["NULL", "'sum', NULL", "NULL, NULL", "''", "'sum', ''", "NULL, 'rollback', 'linear'"]
)
def test_deploy_without_a_name(session, arguments):
    assert session.refused(f"SELECT pgml.deploy({arguments})").pgcode in ("ML009", "ML007")


@pytest.mark.parametrize("arguments", ["NULL, NULL", "'linear', NULL", "NULL, 'regression'"])
def test_hyperparameters_without_a_name(session, arguments):
    assert session.refused(f"SELECT pgml.hyperparameters({arguments})").pgcode == "ML009"


def test_hyperparameters_of_what_is_unknown(session):
    assert session.refused("SELECT pgml.hyperparameters('linaer', 'regression')").pgcode == "ML001"
    assert session.refused("SELECT pgml.hyperparameters('linear', 'regresion')").pgcode == "ML002"


# -- settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hyperparams", "said"),
    [
        ('{"n_estimator": 5}', 'did you mean "n_estimators"'),
        ('{"": 5}', 'there is no hyperparameter ""'),
        ('{"n_estimators": "5"}', 'n_estimators must be a whole number at least'),
        ('{"n_estimators": 1.5}', "got 1.5"),
        ('{"n_estimators": true}', "got true"),
        ('{"n_estimators": null}', "got null"),
        ('{"n_estimators": [5]}', "got [5]"),
        ('{"n_estimators": {"a": 1}}', 'got {"a": 1}'),
        ('{"n_estimators": -1}', "got -1"),
        ('{"n_estimators": 1e400}', "n_estimators must be"),
        ('{"learning_rate": 1e400}', "learning_rate must be"),
        ('{"learning_rate": 1e5000}', "learning_rate must be"),
        ('{"learning_rate": -1e200000}', None),
        ('{"learning_rate": "NaN"}', "learning_rate must be"),
    ],
)  # fmt: skip
def test_hyperparameter_that_is_unknown_or_breaks_its_rule(session, hyperparams, said):
    if said is None:  # PostgreSQL itself refuses it
        assert session.refused("SELECT %s::jsonb", hyperparams).pgcode == "22003"
    else:
        refused(session, "ML008", said, algorithm="xgboost", hyperparams=hyperparams)


@pytest.mark.parametrize("hyperparams", ["[]", "[1]", '"text"', "1", "true", "null", '""'])
def test_hyperparams_that_are_no_object(session, hyperparams):
    refused(session, "ML009", "hyperparams must", hyperparams=hyperparams)


def test_hyperparams_that_are_null(session):
    refused(session, "ML009", "hyperparams must not be NULL", hyperparams=None)


@pytest.mark.parametrize("levels", [101, 3000])
def test_hyperparams_nested_beyond_reason(session, levels):
    refused(session, "ML009", "nested", hyperparams='{"a": ' + "[" * levels + "]" * levels + "}")


def test_brackets_in_strings_and_beside_each_other_are_no_nesting(session):
    many = json.dumps({"a": ['[[{"\\' * 1000, *[[]] * 1000]})
    refused(session, "ML008", "there is no hyperparameter", hyperparams=many)


@pytest.mark.parametrize(
    "size", ["0", "-1", "-0.25", "NaN", "Infinity", "-Infinity", "1e308", "200", "200.5"]
)
def test_test_size_that_leaves_nothing(session, size):
    refused(session, "ML009", "test_size", test_size=size)


def test_other_arguments(session):
    refused(session, "ML009", "test_size must not be NULL", test_size=None)
    refused(session, "ML009", 'did you mean "random"', test_sampling="randm")
    refused(session, "ML009", "test_sampling", test_sampling="")
    refused(session, "ML009", "deploy must not be NULL", deploy=None)
    refused(session, "ML009", "project_name must not be NULL", project_name=None)
    refused(session, "ML009", "project_name must not be empty", project_name="")
    refused(session, "ML009", "at most 500 characters", project_name="x" * 10_000)
    refused(session, "ML009", "search", search="grid")
    refused(session, "ML009", "preprocess", preprocess='{"a": {}}')


# -- data --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relation", "objective", "sqlstate", "said"),
    [
        ("empty", "regression", "ML010", "empty has no rows"),
        ("one_row", "regression", "ML010", "there is 1 row"),
        ("one_class", "classification", "ML010", '"y" is 7 in every row'),
        ("lonely_labels", "classification", "ML010", "appears in one row only"),
        ("fractions", "classification", "ML010", '"y" holds 0.5'),
        ("only_target", "regression", "ML010", "no column besides"),
        ("words", "regression", "ML011", 'column "Some Word" of words is text'),
        ("dates", "regression", "ML011", 'column "moment" of dates is timestamp with time zone'),
        ("word_arrays", "regression", "ML011", 'column "w" of word_arrays is text[]'),
        ("target_array", "regression", "ML011", 'the target "y" of target_array is integer[]'),
        ("ragged", "regression", "ML010", '"x" must all have the same number of elements'),
        ("bent", "regression", "ML010", '"x" must all have the same number of dimensions'),
        ("no_elements", "regression", "ML010", "they have none"),
        ("missing_arrays", "regression", "ML010", "they have none"),
        ("beyond", "regression", "22003", "out of range"),
    ],
)
def test_data_that_no_model_can_be_trained_on(session, relation, objective, sqlstate, said):
    refused(session, sqlstate, said, relation_name=relation, y_column_name="y", objective=objective)


def test_text_target(session):
    refused(
        session,
        "ML011",
        'the target "Some Word" of words is text',
        relation_name="words",
        y_column_name="Some Word",
    )


def test_labels_that_are_only_in_the_test_rows(session):
    """The first two thirds hold labels 0 and 1; all rows of label 2 are held back."""
    arguments = {"relation_name": "sorted_labels", "y_column_name": "y", "objective": "classification"}
    for algorithm in ("linear", "random_forest", "xgboost", "gradient_boosting_trees"):
        refused(
            session,
            "ML010",
            "the label 2 of",
            "only in rows that are held back",
            **arguments,
            algorithm=algorithm,
            test_sampling="last",
            test_size=0.34,
        )


@pytest.mark.parametrize("kind", ["float4", "float8", "numeric"])
@pytest.mark.parametrize("name", ["null", "nan"])
def test_missing_features(session, kind, name):
    table = f"{name}_{kind}"
    arguments = {"relation_name": table, "y_column_name": "y"}
    refused(session, "ML012", '"z" is NULL or NaN in 2 of 20 rows', "linear does not take", **arguments)
    session.execute("BEGIN")
    session.train("new", "regression", table, "y", algorithm="xgboost", hyperparams='{"n_estimators": 2}')
    session.execute("ROLLBACK")


@pytest.mark.parametrize("kind", ["float4", "float8", "numeric"])
@pytest.mark.parametrize("name", ["infinity", "minus"])
@pytest.mark.parametrize("algorithm", ["linear", "xgboost"])
def test_infinite_features(session, kind, name, algorithm):
    refused(
        session, "ML013", '"z" is infinite in 2 of 20 rows',
        relation_name=f"{name}_{kind}", y_column_name="y", algorithm=algorithm,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["float4", "float8", "numeric"])
@pytest.mark.parametrize("objective", ["regression", "classification"])
def test_targets_that_are_no_number(session, kind, objective):
    for name, sqlstate in (("null", "ML012"), ("nan", "ML012"), ("infinity", "ML013")):
        error = refused(
            session, sqlstate, '"z", the target is', "2 of 20 rows",
            relation_name=f"{name}_{kind}", y_column_name="z", objective=objective, algorithm="xgboost",
        )  # fmt: skip
        assert "xgboost does not take" not in error.diag.message_primary


def test_a_target_that_is_all_null(session):
    session.execute(
        "CREATE TABLE no_target AS SELECT i AS x, NULL::int AS y FROM generate_series(1, 20) AS i"
    )
    try:
        refused(
            session, "ML012", '"y", the target', "20 of 20 rows", relation_name="no_target", y_column_name="y"
        )
    finally:
        session.execute("DROP TABLE no_target")


def test_values_that_are_too_large_for_the_algorithm(session):
    for algorithm in ("linear", "random_forest", "xgboost", "gradient_boosting_trees"):
        session.execute("BEGIN")
        try:
            session.train("new", "regression", "large", "y", algorithm)
        except psycopg2.Error as error:
            check_clean(error)
            assert error.pgcode in ("ML018", "ML013")
        session.execute("ROLLBACK")


# -- predictions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", ["sum", "parity"])
@pytest.mark.parametrize(
    ("features", "sqlstate", "said"),
    [
        ("'{1,2}'", "ML014", "expects 3 features, got 2"),
        ("'{1,2,3,4}'", "ML014", "expects 3 features, got 4"),
        ("'{}'", "ML014", "expects 3 features, got 0"),
        ("'{1,NULL,3}'", "ML012", '"b" is NULL or NaN'),
        ("'{1,NaN,3}'", "ML012", '"b" is NULL or NaN'),
        ("'{1,2,Infinity}'", "ML013", '"c" is infinite'),
        ("'{1,2,-Infinity}'", "ML013", '"c" is infinite'),
        ("NULL", "ML009", "features must not be NULL"),
    ],
)
def test_features_of_another_kind(session, project, features, sqlstate, said):
    error = session.refused(f"SELECT pgml.predict(%s, {features}::float8[])", project)
    assert error.pgcode == sqlstate
    assert said in error.diag.message_primary
    assert f'"{project}"' in error.diag.message_primary or sqlstate == "ML009"
    if sqlstate == "ML014":
        assert error.diag.message_hint.endswith("a, b, c")


@pytest.mark.parametrize(
    ("features", "size"),
    [
        ("'{{1,2,3}}'::float8[]", "1 x 3"),
        ("'{{1},{2},{3}}'::float8[]", "3 x 1"),
        ("'{{1,2,3},{4,5,6}}'::float8[]", "2 x 3"),
        ("'[0:0][5:7]={{1,NULL,3}}'::float8[]", "1 x 3"),
        ("ARRAY[ARRAY[1,2,3]]", "1 x 3"),
        ("ARRAY[[1.5,2],[3,4]]", "2 x 2"),
        ("ARRAY[[ARRAY[1,2,3]]]::smallint[]", "1 x 1 x 3"),
        ("array_fill(1::float8, ARRAY[3, 1, 1])", "3 x 1 x 1"),
        ("array_agg(ARRAY[a, b, c])", "200 x 3"),
        ("ARRAY[array_agg(a), array_agg(b)]", "2 x 200"),
    ],
)
@pytest.mark.parametrize("function", ["predict", "classify", "predict_proba", "predict_model"])
def test_an_array_of_several_dimensions_is_no_row(session, function, features, size):
    """It was taken for a row of all its numbers."""
    model = session.value("SELECT id FROM pgml.deployed_models WHERE name = 'parity'")
    asked, called = (model, f"model {model}") if function == "predict_model" else ("parity", 'project "parity"')
    error = session.refused(f"SELECT pgml.{function}(%s, {features}) FROM points", asked)
    assert (error.pgcode, error.diag.message_primary, error.diag.message_hint) == (
        "ML014",
        f"{called}: the features must be a one-dimensional array, not {size}",
        "pgml.predict_batch takes the rows of a two-dimensional array",
    )


def test_a_row_may_begin_at_any_place(session):
    expected = session.predict("sum", [1, 2, 3])
    for features in ("'[0:2]={1,2,3}'", "'[-7:-5]={1,2,3}'", "'[2147483644:2147483646]={1,2,3}'"):
        assert session.value(f"SELECT pgml.predict('sum', {features})") == expected


def test_booleans_are_numbers_where_they_are_cast(session):
    """PostgreSQL has an answer before pgml is asked: there is no way from boolean[] to float8[]."""
    error = session.refused("SELECT pgml.predict('sum', ARRAY[true, false, true])")
    assert (error.pgcode, "predict(unknown, boolean[])" in error.diag.message_primary) == ("42883", True)
    error = session.refused("SELECT pgml.predict('sum', ARRAY[1.5, true, 3])")
    assert (error.pgcode, error.diag.message_primary) == ("42804", "ARRAY types numeric and boolean cannot be matched")
    cast = "SELECT pgml.predict('sum', ARRAY[1.5, true::integer, 3])"
    assert session.value(cast) == session.predict("sum", [1.5, 1, 3])


def test_a_project_that_is_null(session):
    assert session.refused("SELECT pgml.predict(NULL, ARRAY[1.0])").pgcode == "ML009"
    assert session.refused("SELECT pgml.predict(NULL, NULL::float8[])").pgcode == "ML009"


def test_a_bad_row_among_good_ones(session):
    statement = "SELECT sum(pgml.predict('sum', ARRAY[a, b, CASE WHEN a = 5 AND b = 5 THEN NULL ELSE c END])) FROM points"
    assert session.refused(statement).pgcode == "ML012"
    assert session.value("SELECT count(pgml.predict('sum', ARRAY[a, b, c])) FROM points") == 200


def test_nothing_deployed_yet(session):
    session.execute("BEGIN")
    session.train("undeployed", "regression", "points", "target", deploy=False)
    session.execute("SAVEPOINT before")
    error = session.refused("SELECT pgml.predict('undeployed', '{1,2,3,4}')")
    session.execute("ROLLBACK TO before")
    assert error.pgcode == "ML015"
    assert "pgml.deploy" in error.diag.message_hint
    assert session.refused("SELECT pgml.deploy('undeployed', 'rollback')").pgcode == "ML015"
    session.execute("ROLLBACK")


# -- as any SQL error --------------------------------------------------------------------------------------


def test_an_error_ends_the_transaction_as_any_other(session):
    session.execute("BEGIN")
    session.refused("SELECT pgml.train('new', 'regression', 'points', 'nothing')")
    assert session.connection.info.transaction_status == TRANSACTION_STATUS_INERROR
    assert session.refused("SELECT 1").pgcode == "25P02"
    session.execute("ROLLBACK")
    assert session.value("SELECT 1") == 1


def test_an_error_can_be_caught(session):
    session.execute(
        """
        DO $$ BEGIN
            PERFORM pgml.train('new', 'regression', 'words', 'y');
            RAISE 'it was not refused';
        EXCEPTION WHEN SQLSTATE 'ML011' THEN
            IF EXISTS (SELECT FROM pgml.projects WHERE name = 'new') THEN RAISE 'the project stayed'; END IF;
        END $$
        """
    )


def test_a_failure_after_the_rows_were_sent_leaves_the_engine_in_step(session):
    for _ in range(2):
        refused(session, "22003", relation_name="beyond", y_column_name="y")
        refused(session, "ML012", relation_name="null_float8", y_column_name="y")
        session.execute("BEGIN")
        assert session.train("new", "regression", "points", "target")[3] == "deployed"
        session.execute("ROLLBACK")


def test_read_only_transactions_do_not_train(session):
    session.execute("BEGIN READ ONLY")
    assert session.refused("SELECT pgml.train('new', 'regression', 'points', 'target')").pgcode == "25006"
    session.execute("ROLLBACK")


@pytest.mark.parametrize(
    "name", ["it's", 'a "b"', "🐘 données", "a\nb", " ", "%s", "\\", "x" * 500, "🐘" * 500, "NULL"]
)
def test_odd_names_of_projects_are_names(session, name):
    session.execute("BEGIN")
    assert session.train(name, "regression", "points", "target") == (name, "regression", "linear", "deployed")
    assert session.predict(name, [1, 2, 3, 0]) is not None
    error = session.refused("SELECT pgml.predict(%s, '{1}')", name)
    assert name in error.diag.message_primary
    session.execute("ROLLBACK")


# -- whatever the arguments --------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
names = (
    st.none()
    | st.sampled_from(["sum", "parity", "points", "words", "target", "label", "pgml.projects"])
    | texts
)
numbers = st.none() | st.floats() | st.integers(-3, 300).map(float)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
hyperparams = json_values | st.dictionaries(
    st.sampled_from(["n_estimators", "max_depth", "learning_rate", "fit_intercept"]), json_values, max_size=2
)
thorough = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def clean_or_result(session: Session, statement: str, *arguments) -> None:
    session.execute("BEGIN")
    try:
        session.execute(statement, *arguments)
    except psycopg2.Error as error:
        check_clean(error)
    finally:
        session.execute("ROLLBACK")


@thorough
@given(
    names, st.none() | st.sampled_from(["regression", "classification"]) | texts, names, names,
    st.sampled_from(["linear", "random_forest", None]) | texts, hyperparams, numbers,
    st.none() | st.sampled_from(["random", "stratified", "first", "last"]) | texts,
)  # fmt: skip
def test_train_trains_or_says_why_not(
    session, project, objective, relation, target, algorithm, hyperparams, size, how
):
    clean_or_result(
        session,
        "SELECT pgml.train(%s, %s, %s, %s, %s, %s, test_size => %s, test_sampling => %s)",
        project, objective, relation, target, algorithm, json.dumps(hyperparams), size, how,
    )  # fmt: skip


@thorough
@given(names, st.none() | st.lists(st.none() | st.floats(), max_size=5))
def test_predict_predicts_or_says_why_not(session, project, features):
    clean_or_result(session, "SELECT pgml.predict(%s, %s::float8[])", project, features)


@thorough
@given(names, st.sampled_from(["best_score", "most_recent", "rollback", None]) | texts, names)
def test_deploy_deploys_or_says_why_not(session, project, strategy, algorithm):
    clean_or_result(session, "SELECT pgml.deploy(%s, %s, %s)", project, strategy, algorithm)
