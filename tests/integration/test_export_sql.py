"""Models exported as functions, in a database that has neither pgml nor PL/Python: their answers are the predictors'."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import numpy as np
import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_models import exact, forests, linear_models, near_thresholds, oblivious_trees, rows_of
from sessions import Session
from sklearn import ensemble, linear_model

from pgml import predictors
from pgml.errors import NotExportable
from pgml.predictors import Predictor
from pgml.predictors.build import dense, forest, kernel, linear
from pgml.predictors.convert import boosters, trees
from pgml.predictors.convert import linear_models as linears
from pgml.predictors.export.sql.function import DEEPEST, MOST_LEAVES, create_function

RANDOM = np.random.default_rng(5)
ROWS = np.column_stack(
    [RANDOM.normal(size=(150, 3)), np.round(RANDOM.normal(size=150)), RANDOM.normal(size=150) * 100]
)
NUMBER = ROWS[:, 0] + 0.5 * ROWS[:, 3] + RANDOM.normal(scale=0.2, size=150)
KINDS = {"number": NUMBER, "two": (NUMBER > 0) * 1, "three": np.digitize(NUMBER, [-0.7, 0.7])}
CONVERTERS = {
    "RandomForest": trees.random_forest,
    "GradientBoosting": trees.gradient_boosting,
    "HistGradientBoosting": trees.hist_gradient_boosting,
    "AdaBoost": trees.ada_boost,
}


@pytest.fixture(scope="module")
def plain(cluster) -> Iterator[Session]:
    """A session in such a database."""
    name = "plain"
    with contextlib.closing(cluster.connect("postgres")) as server, server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        connection = psycopg2.connect(cluster.dsn(name))
        connection.autocommit = True
        session = Session(connection)
        assert session.execute("SELECT lanname FROM pg_language WHERE lanname ~ 'python'") == []
        assert session.value("SELECT to_regnamespace('pgml') IS NULL")
        session.execute("SET jit = off")
        yield session
        connection.close()
        cursor.execute(f"DROP DATABASE {name}")


def call(session: Session, function: str, rows: np.ndarray) -> np.ndarray:
    """Return the function's answers to rows, an argument a feature; NaN for NULL."""
    columns = [f"c{place}" for place in range(rows.shape[1])]
    unnested = ", ".join(["%s::float8[]"] * len(columns))
    answers = session.execute(
        f"SELECT {function}({', '.join(columns)}) FROM unnest({unnested}) WITH ORDINALITY AS rows ({', '.join(columns)}, n)"
        " ORDER BY n",
        *("{" + ",".join(map(repr, column)) + "}" for column in rows.T.tolist()),
    )
    return np.array([np.nan if answer is None else answer for (answer,) in answers])


def create(session: Session, predictor: Predictor, function: str = "f") -> None:
    session.execute(f"DROP FUNCTION IF EXISTS {function}")
    session.execute(create_function(predictor.to_bytes(), [function], "A model."))


def expected(predictor: Predictor, rows: np.ndarray) -> np.ndarray:
    rows = np.ascontiguousarray(rows, dtype=np.float64)
    return np.array(predictors.evaluator(predictor.to_bytes()).predict_batch(rows, len(rows)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(linear_models().flatmap(lambda model: st.tuples(st.just(model), rows_of(model, exact))))
def test_any_linear_model_of_numbers_that_are_added_exactly(plain, case):
    """On the border between two labels, too."""
    model, rows = case
    create(plain, model)
    np.testing.assert_array_equal(call(plain, "f", rows), expected(model, rows))


ordinary = st.floats(-1e6, 1e6).filter(lambda number: number == 0 or abs(number) > 1e-6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(ordinary, min_size=n, max_size=n), min_size=4, max_size=4)
    ),
    st.integers(-8, 8),
    ordinary,
)
def test_any_linear_model_is_the_same_but_for_rounding(plain, lists, power, intercept):
    """Also where a feature lies far from zero, and varies little."""
    weights, center, steps, row = map(np.array, lists)
    scale = np.maximum(np.abs(steps), 1e-6) * 10.0**power
    row = center + row % 7 * scale
    model = linear.predictor(weights, intercept).prepared(center=center, scale=scale)
    create(plain, model)
    (got,), (wanted,) = call(plain, "f", row[None]), expected(model, row[None])
    size = np.sum(np.abs(weights) * (1 + np.abs((row - center) / scale))) + abs(intercept)
    assert abs(got - wanted) <= 1e-9 * size


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(forests(), oblivious_trees()).flatmap(
        lambda model: st.tuples(st.just(model), rows_of(model, near_thresholds))
    )
)
def test_any_forest(plain, case):
    """Each tree leads to the same leaf, and leaves are added in the same order: the answers have the same bits."""
    model, rows = case
    create(plain, model)
    np.testing.assert_array_equal(call(plain, "f", rows), expected(model, rows))


@pytest.mark.parametrize(
    ("maker", "kind"),
    [(maker, kind) for maker in CONVERTERS for kind in KINDS if (maker, kind) != ("AdaBoost", "number")],
)
def test_trees_of_scikit_learn(plain, maker, kind):
    estimator = getattr(ensemble, maker + ("Regressor" if kind == "number" else "Classifier"))()
    estimator.set_params(**{"max_iter" if maker.startswith("Hist") else "n_estimators": 6, "random_state": 0})
    model = CONVERTERS[maker](estimator.fit(ROWS, KINDS[kind]))
    rows = np.vstack([ROWS, ROWS.astype(np.float32)])
    if model.missing:
        rows = np.where(RANDOM.random(rows.shape) < 0.2, np.nan, rows)
    create(plain, model)
    np.testing.assert_array_equal(call(plain, "f", rows), expected(model, rows))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {"booster": booster}) for kind in KINDS for booster in ("gbtree", "dart", "gblinear")),
        ("positive", {"objective": "count:poisson"}),
        ("share", {"objective": "reg:logistic"}),
    ],
)
def test_xgboost(plain, kind, options):
    import xgboost

    target = {**KINDS, "positive": np.exp(NUMBER / 3), "share": 1 / (1 + np.exp(-NUMBER))}[kind]
    maker = xgboost.XGBClassifier if kind in ("two", "three") else xgboost.XGBRegressor
    model = boosters.xgboost(maker(n_estimators=6, **options).fit(ROWS, target))
    rows = np.where(RANDOM.random(ROWS.shape) < 0.2, np.nan, ROWS)
    create(plain, model)
    got, wanted = call(plain, "f", rows), expected(model, rows)
    if kind in ("positive", "share"):  # the exponential function is the platform's
        np.testing.assert_allclose(got, wanted, rtol=1e-6)
    else:
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("output", ["exp", "sigmoid"])
def test_what_the_exponential_function_overflows_at(plain, output):
    model = linear.predictor([1.0], 0.0, output=output)
    create(plain, model)
    rows = np.array(
        [[-1000.0], [-700.0], [-1.0], [0.0], [2.5], [700.0], [1000.0 if output == "sigmoid" else 700.0]]
    )
    np.testing.assert_allclose(call(plain, "f", rows), expected(model, rows), rtol=1e-12, atol=1e-300)


def test_null_is_answered_where_the_predictor_refuses_the_row(plain):
    fitted = linear_model.LinearRegression().fit(ROWS, NUMBER)
    classifiers = [
        linear_model.LogisticRegression(max_iter=1000).fit(ROWS, KINDS[kind]) for kind in ("two", "three")
    ]
    models = [
        *map(linears.linear_model, (fitted, *classifiers)),
        trees.random_forest(ensemble.RandomForestRegressor(3).fit(ROWS, NUMBER)),
        trees.gradient_boosting(ensemble.GradientBoostingRegressor(n_estimators=3).fit(ROWS, NUMBER)),
    ]
    for model in models:
        create(plain, model)
        evaluator = predictors.evaluator(model.to_bytes())
        for odd in (None, np.nan, np.inf, -np.inf, 3.4e38, 3.5e38, -3.5e38):
            for place in range(5):
                row = [*map(float, ROWS[0])]
                row[place] = odd
                answer = plain.value(
                    "SELECT f(%s::float8, %s::float8, %s::float8, %s::float8, %s::float8)", *row
                )
                wanted = evaluator.predict(row)
                assert answer == (wanted if wanted is None else pytest.approx(wanted, rel=1e-9)), (odd, place)


def test_columns_that_are_arrays_are_arguments_that_are_arrays(plain):
    names = ["a", "image[1]", "image[2]", 'odd "name"', "b[1]"]
    model = linear.predictor([1.0, 2.0, 4.0, 8.0, 16.0], 0.0).prepared(features=names)
    create(plain, model)
    assert plain.value("SELECT pg_get_function_identity_arguments('f'::regproc)") == (
        'a double precision, image double precision[], "odd ""name""" double precision, b double precision[]'
    )
    assert plain.value('SELECT f(a => 1, image => ARRAY[1,1], "odd ""name""" => 1, b => ARRAY[1])') == 31
    assert plain.value("SELECT f(1, '{1}', 1, '{1}')") is None
    create(plain, linear.predictor([1.0, 2.0], 0.0).prepared(features=["x", "x[1]"]), "g")
    assert plain.value('SELECT g(x => 1, "x[1]" => 1)') == 3


def test_more_columns_than_a_function_has_arguments_are_one_array(plain):
    model = linear.predictor(np.arange(101.0), 0.0).prepared(features=[f"c{place}" for place in range(101)])
    create(plain, model)
    assert plain.value("SELECT f(array_agg(1.0::float8)) FROM generate_series(1, 101)") == 5050
    assert "c99, c100" in plain.value("SELECT obj_description('f'::regproc)")


def test_a_linear_model_is_put_in_place_of_its_call_whatever_its_arguments_are(plain):
    """Then it takes as long as the same sum written by hand: it is that sum."""
    for model in (
        linear.predictor([1.5, 2.5], 0.5).prepared(center=np.ones(2), scale=np.full(2, 2.0)),
        linear.predictor([1.5, 2.5], 0.5, output="logistic", classes=[0, 1]),
    ):
        create(plain, model)
        for argument in (
            "x",
            "random()",
            " + ".join(["x"] * 12),
            "(SELECT sum(y) FROM generate_series(1.0, x) AS y)",
        ):
            plan = plain.execute(
                f"EXPLAIN VERBOSE SELECT f({argument}, x) FROM generate_series(1.0, 2.0) AS x"
            )
            output = "\n".join(line for (line,) in plan)
            assert "NULLIF" in output and not re.search(r"\bf\(", output), output


def test_what_is_used_more_than_once_is_put_in_place_where_the_arguments_are_columns(plain):
    create(plain, trees.random_forest(ensemble.RandomForestRegressor(2, max_depth=3).fit(ROWS, NUMBER)))
    plain.execute(
        "CREATE TEMPORARY TABLE columns AS SELECT 1.0::float8 AS a, 2.0::float8 AS b, '{3,4,5}'::float8[] AS c"
    )
    plan = plain.execute("EXPLAIN VERBOSE SELECT f(a, b, c[1], c[2], c[3]) FROM columns")
    assert "CASE WHEN" in plan[1][0] and "f(" not in plan[1][0]


ODD = [
    "semicolon; DROP TABLE kept",
    "'); DROP TABLE kept; --",
    "\\'; DROP TABLE kept; --",
    "*/ line\nbreak --",
    '"quoted" $$ $f$',
    "é 🐘",
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("conforming", ["on", "off"])
def test_whatever_the_names_are_one_function_is_created_and_nothing_else(plain, odd, conforming):
    plain.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept ()")
    before = plain.execute("SELECT oid FROM pg_proc")
    model = linear.predictor([1.0, 2.0], 0.0).prepared(features=[odd[:50], f"{odd[:50]}[1]"])
    plain.execute(f"SET standard_conforming_strings = {conforming}; BEGIN")
    plain.execute(create_function(model.to_bytes(), ["public", odd], f"Model of {odd}."))
    created = plain.execute(
        "SELECT proname, obj_description(oid) FROM pg_proc WHERE oid <> ALL (%s::oid[])",
        [o for (o,) in before],
    )
    assert [name for name, _ in created] == [odd]
    assert f"Model of {odd}." in created[0][1] and odd[:50] in created[0][1]
    assert plain.value("SELECT to_regclass('kept') IS NOT NULL")
    plain.execute("ROLLBACK; RESET standard_conforming_strings")


def test_what_has_no_form_is_refused():
    median = trees.ada_boost(ensemble.AdaBoostRegressor(n_estimators=3, random_state=0).fit(ROWS, NUMBER))
    machine = kernel.predictor([kernel.Machine(("rbf", 1.0), ROWS[:4], np.ones(4))])
    network = dense.predictor([(np.ones((1, 2)), np.ones(1))])
    served = Predictor(
        "uncompiled", 1, "value", {}, {"algorithm": "a", "plugin": "p", "scores": 1, "types": []}
    )
    for model, said in (
        (median, "the weighted median of its trees"),
        (machine, "a model of support vectors"),
        (network, "a neural network"),
        (served, "a model that only its plugin's own code can evaluate"),
    ):
        with pytest.raises(NotExportable, match=said) as refused:
            create_function(model.to_bytes(), ["f"], "")
        assert "onnx, native, safetensors" in refused.value.hint


def test_what_is_too_large_is_refused_and_what_is_just_not_is_planned(plain):
    stump = forest.Tree(
        np.array([1, -1, -1]),
        np.array([2, -1, -1]),
        np.array([0, 0, 0]),
        np.zeros(3),
        np.array([0.0, 1.0, 2.0]),
    )
    with pytest.raises(NotExportable, match=f"nests {DEEPEST + 1} deep, and the limit is {DEEPEST}"):
        create_function(forest.predictor([stump] * DEEPEST, 1).to_bytes(), ["f"], "")
    create(plain, forest.predictor([stump] * (DEEPEST - 1), 1))
    assert plain.value("SELECT f(x) FROM generate_series(1.0, 1.0) AS x") == 2.0 * (DEEPEST - 1)

    def full(depth: int) -> forest.Tree:
        n_inner, nodes = 2**depth - 1, np.arange(2 ** (depth + 1) - 1)
        child = np.where(nodes < n_inner, 2 * nodes + 1, -1)
        return forest.Tree(child, np.where(child < 0, -1, child + 1), nodes * 0, nodes * 0.1, nodes * 1.0)

    many = MOST_LEAVES // 2**10
    with pytest.raises(
        NotExportable,
        match=rf"{(many + 1) * 2**10} leaves \({many + 1} trees\), and the limit is {MOST_LEAVES}",
    ):
        create_function(forest.predictor([full(10)] * (many + 1), 1).to_bytes(), ["f"], "")
    model = forest.predictor([full(10)] * many, 1)
    create(plain, model)
    assert call(plain, "f", np.array([[3.0]])) == expected(model, np.array([[3.0]]))
    with pytest.raises(NotExportable, match="coefficients"):
        create_function(
            linear.predictor(np.ones((30, 1000)), 0.0, output="label", classes=range(30)).to_bytes(),
            ["f"],
            "",
        )
    deep = linear.predictor(np.ones(DEEPEST), 0.0)
    create(plain, deep)
    assert plain.value(f"SELECT f(array_fill(1.0::float8, '{{{DEEPEST}}}'))") == DEEPEST


@pytest.mark.parametrize(
    ("given", "schema", "name"),
    [
        ("my_model", None, "my_model"),
        ("Scores.My_Model", "scores", "my_model"),
        ('"Odd Schema"."odd "" name"', "Odd Schema", 'odd " name'),
        (" spaced . out ", "spaced", "out"),
    ],
)
def test_a_name_is_read_as_sql_reads_it(trained_once, plain, given, schema, name):
    created = trained_once.execute("SELECT pgml.export_sql('sum', %s)", given)[0][0]
    plain.execute("BEGIN")
    if schema:
        quoted = schema.replace('"', '""')
        plain.execute(f'CREATE SCHEMA "{quoted}"')
    plain.execute(created)
    assert plain.execute(
        "SELECT pronamespace::regnamespace::text, proname FROM pg_proc ORDER BY oid DESC LIMIT 1"
    ) == [(plain.value("SELECT quote_ident(%s)", schema or "public"), name)]
    plain.execute("ROLLBACK")


@pytest.mark.parametrize(
    "given", ["", None, "a.b.c", "f(); DROP TABLE kept", "f; --", '"open', "a.", ".a", "1st", "a b", '""']
)
def test_what_is_no_name_is_refused(trained_once, given):
    refused = Session(trained_once.connect()).refused("SELECT pgml.export_sql('sum', %s::text)", given)
    assert refused.pgcode == "ML009" and "function_name" in refused.diag.message_primary


@pytest.mark.parametrize("project", ["sum", "parity"])
def test_the_exported_function_answers_as_pgml_predict_does(trained_once, plain, project):
    rows = trained_once.execute("SELECT a, b, c, pgml.predict(%s, ARRAY[a, b, c]) FROM points", project)
    for model in (
        project,
        trained_once.execute("SELECT id FROM pgml.deployed_models WHERE name = %s", project)[0][0],
    ):
        plain.execute(trained_once.execute("SELECT pgml.export_sql(%s, 'exported')", model)[0][0])
        got = call(plain, "exported", np.array([row[:3] for row in rows]))
        np.testing.assert_allclose(got, [row[3] for row in rows], rtol=1e-9, atol=1e-12)
    comment = plain.value("SELECT obj_description('exported'::regproc)")
    assert f'of the project "{project}"' in comment and "in this order: a, b, c" in comment
    assert plain.execute("SELECT provolatile, proparallel FROM pg_proc WHERE proname = 'exported'") == [
        ("i", "s")
    ]


def test_a_model_that_is_not_there(trained):
    session = Session(trained.connect())
    refused = session.refused("SELECT pgml.export_sql(99, 'f')")
    assert refused.pgcode == "ML022" and "unknown model 99" in refused.diag.message_primary
    predicting = session.refused("SELECT pgml.predict_model(99, '{1,2,3}')")
    assert (predicting.pgcode, predicting.diag.message_hint) == (refused.pgcode, refused.diag.message_hint)
    assert session.refused("SELECT pgml.export_sql('som', 'f')").pgcode == "ML003"
    assert session.refused("SELECT pgml.export_sql(NULL::text, 'f')").pgcode == "ML009"
    assert session.refused("SELECT pgml.export_sql(NULL::bigint, 'f')").pgcode == "ML009"
    session.train("new", "regression", "numbers", "target", deploy=False)
    refused = session.refused("SELECT pgml.export_sql('new', 'f')")
    assert refused.pgcode == "ML015" and 'project "new" has no deployed model' in refused.diag.message_primary
