"""Both doors say the same: the module in C and PL/Python, of the same models, rows and mistakes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import Session, check_clean

from pgml.server.installation import install_schema

# The functions of schema pgml as PL/Python has them, beside those in C.
PYTHON = """
CREATE SCHEMA python;
CREATE FUNCTION python.predict(p text, f float8[]) RETURNS float8 LANGUAGE sql STABLE
    RETURN coalesce(pgml_internal.predict(p, f), (pgml_internal.answer_first()).prediction);
CREATE FUNCTION python.predict_model(m bigint, f float8[]) RETURNS float8 LANGUAGE sql STABLE
    RETURN coalesce(pgml_internal.predict_model(m, f), (pgml_internal.answer_first()).prediction);
CREATE FUNCTION python.classify(p text, f float8[]) RETURNS text LANGUAGE sql STABLE
    RETURN coalesce(pgml_internal.classify(p, f), (pgml_internal.answer_first()).prediction)::text;
CREATE FUNCTION python.predict_proba(p text, f float8[]) RETURNS float8[] LANGUAGE sql STABLE
    RETURN coalesce(pgml_internal.predict_proba(p, f), (pgml_internal.answer_first()).numbers);
CREATE FUNCTION python.predict_batch(p text, f float8[][]) RETURNS SETOF float8 LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT unnest(coalesce(
        pgml_internal.predict_batch(p, CASE WHEN f IS NOT NULL THEN ARRAY(
            SELECT array_length(f, n) FROM generate_series(1, array_ndims(f)) AS n
        ) END),
        pgml_internal.answer_rows(f)
    ));
END;
"""
MORE = (
    ("missing", "regression", "numbers", "target", "hist_gradient_boosting", '{"max_iter": 5}'),
    ("single", "classification", "labels", "label", "xgboost", '{"n_estimators": 5}'),
    ("pairs", "classification", "three", "label", "svm", '{"probability": true}'),
    ("labels only", "classification", "three", "label", "ridge", "{}"),
    ("processes", "classification", "three", "label", "gaussian_process", "{}"),
    ("network", "regression", "numbers", "target", "kernel_ridge", '{"kernel": "rbf"}'),
)
PROJECTS = ("sum", "parity", *(name for name, *_ in MORE))


@pytest.fixture(scope="module")
def doors(door, trained_once) -> Iterator[Session]:
    """A session in a database with the module in C that has the functions of PL/Python in the schema `python`."""
    if door != "c":
        pytest.skip("the module in C cannot be built here")
    session = Session(trained_once.connect())
    session.execute("CREATE VIEW three AS SELECT a, b, c, a::integer % 3 AS label FROM points")
    for name, objective, relation, column, algorithm, hyperparameters in MORE:
        session.train(name, objective, relation, column, algorithm, hyperparameters)
    session.execute(PYTHON)
    yield session


def outcome(session: Session, statement: str) -> tuple:
    """Return what a statement gives: its rows, as text that tells NaN from NULL, or its error."""
    try:
        return ("rows", repr(session.execute(statement)))
    except psycopg2.Error as error:
        check_clean(error)
        said = error.diag
        return ("error", error.pgcode, said.message_primary, said.message_detail, said.message_hint)


def assert_same(session: Session, call: str) -> tuple:
    in_c, in_python = (outcome(session, f"SELECT {schema}.{call}") for schema in ("pgml", "python"))
    assert in_c == in_python, call
    return in_c


NUMBERS = st.one_of(
    st.floats(-50, 50).map(lambda number: round(number, 3)),
    st.sampled_from([None, math.nan, math.inf, -math.inf, 1e300, -1e300, 1e39, 5e-324, -0.0, 0.1]),
)


def literal(numbers: list[float | None]) -> str:
    said = ("NULL" if number is None else repr(number) for number in numbers)
    return "{" + ",".join(said) + "}"


@st.composite
def rows(draw) -> str:
    """Return features as SQL, most of them what the models take, the others in every way they should not be."""
    length = draw(st.sampled_from([3] * 12 + [0, 1, 2, 4]))
    kind = draw(st.sampled_from(["float8", "columns", "float4", "integer", "bigint", "numeric", "smallint", "odd"]))
    if kind == "odd":
        return draw(st.sampled_from([
            "NULL", "'{{1,2,3}}'", "'{{1},{2},{3}}'", "'{}'", "'[5:7]={1,2,3}'", "ARRAY[NULL,NULL,NULL]::float8[]",
            "ARRAY[1,2,NULL]", "ARRAY[[1,2,3],[4,5,6]]", "array_fill(1::float8, ARRAY[3,1,1])", "(SELECT NULL::float8[])",
            "array_fill(1::float8, ARRAY[100000])",
        ]))  # fmt: skip
    if kind in ("float8", "columns", "float4"):
        numbers = draw(st.lists(NUMBERS, min_size=length, max_size=length))
        if kind == "float4":
            numbers = [n if n is None or not 1e38 < abs(n) < math.inf else 1.0 for n in numbers]
            return f"'{literal(numbers)}'::float4[]"
        if kind == "columns":  # as the planner sees a row that is not known yet
            names = [f"c{place}" for place in range(length)] or ["1"]
            values = ", ".join("NULL::float8" if n is None else f"'{n!r}'::float8" for n in numbers) or "1"
            return f"ARRAY[{', '.join(names)}]) FROM (VALUES ({values})) AS v ({', '.join(names) if numbers else 'x'}"
        return f"'{literal(numbers)}'"
    whole = draw(st.lists(st.one_of(st.none(), st.integers(-300, 300)), min_size=length, max_size=length))
    return f"ARRAY[{', '.join('NULL' if n is None else str(n) for n in whole)}]::{kind}[]"


@settings(max_examples=150)
@given(st.sampled_from(PROJECTS), rows(), st.sampled_from(["predict", "classify", "predict_proba"]))
def test_a_row(doors, project, row, function):
    assert_same(doors, f"{function}('{project}', {row})")


@settings(max_examples=60)
@given(st.sampled_from(PROJECTS), st.lists(st.lists(NUMBERS, min_size=3, max_size=3), max_size=20))
def test_rows_at_once(doors, project, many):
    said = assert_same(doors, f"predict_batch('{project}', '{literal_of(many)}')")
    if said[0] == "rows":
        each = [f"SELECT pgml.predict('{project}', '{literal(row)}')" for row in many] or ["SELECT 1 WHERE false"]
        assert said[1] == repr([row for statement in each for row in doors.execute(statement)])


def literal_of(many: list[list[float | None]]) -> str:
    return "{" + ",".join(map(literal, many)) + "}"


def test_odd_calls(doors):
    for function in ("predict", "classify", "predict_proba"):
        for arguments in ("NULL, '{1,2,3}'", "NULL, NULL", "'nothing', '{1,2,3}'", "'', '{1}'", "'sum', NULL", "'SUM', '{1,2,3}'"):
            assert assert_same(doors, f"{function}({arguments})")[0] == "error"
    for rows_of in ("NULL", "'{}'", "'{1,2,3}'", "'{{1,2},{3,4}}'", "'{{{1,2,3}}}'", "'{{1,2,3},{1,2,NULL}}'"):
        for project in PROJECTS:
            assert_same(doors, f"predict_batch('{project}', {rows_of})")
    for model in ("NULL", "-1", "0", "1", "2", "3", "99999999999"):
        for row in ("'{1,2,3}'", "'{1,2}'", "NULL"):
            assert_same(doors, f"predict_model({model}, {row})")


def test_predictions_of_a_million_numbers_are_refused_at_once(doors):
    for function in ("predict", "predict_proba", "classify"):
        assert assert_same(doors, f"{function}('parity', array_fill(1::float8, ARRAY[1000000]))")[1] == "ML014"


def test_the_planner_spares_arrays_and_their_casts(doors):
    def plan(features: str) -> str:
        return "\n".join(line for (line,) in doors.execute(f"EXPLAIN VERBOSE SELECT pgml.predict('sum', {features}) FROM points"))

    assert "pgml_doors.predict_row('sum'::text, a, b, c)" in plan("ARRAY[a, b, c]")
    assert "pgml_doors.predict_row('sum'::text, label, label, 1)" in plan("ARRAY[label, label, 1]")
    assert "pgml_doors.predict_array(" in plan("ARRAY(SELECT 1)")
    assert "pgml_doors.predict(" in plan("string_to_array('1,2,3', ',')::float8[]")
    assert "pgml_doors.predict(" in plan(f"ARRAY[{', '.join(['a'] * 100)}]")
    (same,) = doors.execute(
        "SELECT array_agg(pgml.predict('sum', ARRAY[a, b, c])) = array_agg(python.predict('sum', ARRAY[a, b, c])),"
        " array_agg(pgml.predict('sum', ARRAY[a::integer, 2, 3])) = array_agg(python.predict('sum', ARRAY[a::integer, 2, 3])) FROM points"
    )
    assert same == (True, True)


def test_classes_and_their_probabilities(doors):
    assert doors.value("SELECT pgml.classes('pairs')") == ["0", "1", "2"]
    ((label, probabilities, prediction),) = doors.execute(
        "SELECT pgml.classify('pairs', x), pgml.predict_proba('pairs', x), pgml.predict('pairs', x) FROM (SELECT '{1,2,3}'::float8[]) AS v (x)"
    )
    assert sum(probabilities) == pytest.approx(1)
    assert label == str(int(prediction))
    assert doors.refused("SELECT pgml.classes('sum')").pgcode == "ML009"
    assert doors.refused("SELECT pgml.predict_proba('labels only', '{1,2,3}')").pgcode == "ML009"


def test_a_model_that_is_not_deployed_answers_by_its_id(doors):
    models = doors.execute("SELECT id, algorithm_name FROM pgml.models JOIN (SELECT id AS project_id FROM pgml.projects WHERE name = 'sum') AS p USING (project_id)")
    answers = {doors.value("SELECT pgml.predict_model(%s, '{1,2,3}')", id) for id, _ in models}
    assert len(answers) == len(models) == 4
    assert doors.value("SELECT pgml.predict('sum', '{1,2,3}')") in answers


def test_a_door_can_be_put_in_and_taken_away(c_door, trained):
    session = Session(trained.connect())

    def is_there() -> bool:
        return session.value("SELECT to_regprocedure('pgml_doors.predict(text, float8[])') IS NOT NULL")

    before = session.value("SELECT pgml.predict('sum', '{1,2,3}')")
    for use_door in (False, True, False):
        install_schema(trained.dsn, use_door=use_door)
        assert is_there() == use_door
        assert session.value("SELECT pgml.predict('sum', '{1,2,3}')") == before
        assert Session(trained.connect()).value("SELECT pgml.predict('sum', ARRAY[1,2,3])") == before
