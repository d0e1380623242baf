"""Whole relations scored: pgml.score and pgml.score_proba, through both doors."""

from __future__ import annotations

import pytest
from sessions import Session

BOTH_DOORS = True


@pytest.fixture(scope="module")
def session(trained_once) -> Session:
    session = Session(trained_once.connect())
    session.execute("CREATE TABLE keyed AS SELECT row_number() OVER ()::integer AS id, * FROM points")
    return session


def test_each_row_keeps_its_key(session):
    scored = session.execute("SELECT key::integer, prediction FROM pgml.score('sum', 'keyed', 'id') ORDER BY 1")
    assert scored == session.execute("SELECT id, pgml.predict('sum', ARRAY[a, b, c]) FROM keyed ORDER BY 1")
    assert len(scored) == 200
    session.execute("CREATE TABLE scores AS SELECT key::integer AS id, prediction FROM pgml.score('sum', 'keyed', 'id')")
    assert session.execute("TABLE scores ORDER BY 1") == scored


def test_features_are_found_by_name(session):
    session.execute("CREATE VIEW turned AS SELECT c, 'x' AS other, b::integer, a::numeric AS a, id AS \"the Key\" FROM keyed")
    assert session.execute("SELECT * FROM pgml.score('sum', 'turned', 'the Key')") == session.execute(
        "SELECT id::text, pgml.predict('sum', ARRAY[a, b, c]) FROM keyed"
    )


def test_probabilities(session):
    assert session.execute("SELECT * FROM pgml.score_proba('parity', 'keyed', 'id')") == session.execute(
        "SELECT id::text, pgml.predict_proba('parity', ARRAY[a, b, c]) FROM keyed"
    )


def test_a_key_may_be_missing_or_repeated(session):
    session.execute("CREATE VIEW few AS SELECT *, CASE WHEN a > 5 THEN 'high' END AS band FROM points LIMIT 20")
    assert session.execute("SELECT key, count(*) FROM pgml.score('sum', 'few', 'band') GROUP BY 1") == session.execute(
        "SELECT band, count(*) FROM few GROUP BY 1"
    )


def test_booleans_are_numbers(session):
    session.execute("CREATE VIEW yes AS SELECT id, a > 5 AS a, b, c FROM keyed")
    assert session.execute("SELECT prediction FROM pgml.score('sum', 'yes', 'id')") == session.execute(
        "SELECT pgml.predict('sum', ARRAY[a::integer, b, c]) FROM yes"
    )


def test_arrays_are_flattened_as_in_training(session):
    """Where an array has several dimensions, or begins elsewhere than at 1, its elements were missing or others'."""
    session.execute(
        "CREATE TABLE images AS SELECT i AS id, i % 4 AS size, CASE WHEN i > 3 THEN ARRAY[[i % 5, i % 3], [i % 7, i % 11]] END AS image,"
        " i % 6 = 0 AS flag, i % 5 + i % 7 AS y FROM generate_series(1, 60) AS i"
    )
    session.execute("CREATE VIEW trained_images AS SELECT size, image, flag, y FROM images")
    session.train("images", "regression", "trained_images", "y", "xgboost", '{"n_estimators": 20}')
    flat = "ARRAY[size] || coalesce(ARRAY(SELECT unnest(image)), '{}') || array_fill(NULL::int, ARRAY[CASE WHEN image IS NULL THEN 4 ELSE 0 END]) || flag::int"
    expected = session.execute(f"SELECT id::text, pgml.predict('images', {flat}) FROM images")
    assert len({prediction for _, prediction in expected}) > 10
    for image in (
        "image", "ARRAY(SELECT unnest(image))", "('[0:3]=' || ARRAY(SELECT unnest(image))::text)::smallint[]", "image::numeric[]",
        "('[5:6][0:1]=' || image::text)::int[]", "ARRAY[image]",
    ):  # fmt: skip
        session.execute(f"CREATE OR REPLACE TEMP VIEW other AS SELECT flag, id, CASE WHEN id > 3 THEN {image}::float8[] END AS image, size FROM images")
        assert session.execute("SELECT * FROM pgml.score('images', 'other', 'id')") == expected, image
    session.execute("CREATE TEMP VIEW longer AS SELECT flag, id, image[1][1] || ARRAY(SELECT unnest(image)) AS image, size FROM images WHERE id > 3")
    error = session.refused("SELECT * FROM pgml.score('images', 'longer', 'id')")
    assert (error.pgcode, "the model expects 6 features, got 7" in error.diag.message_primary) == ("ML014", True)


def test_nothing_of_the_relations_owner_runs(trained_once, session):
    """A cast may be a function of whoever made the type, and would run with the rights of who scores."""
    owner = Session(trained_once.connect("owner"))
    session.execute("CREATE SCHEMA hers AUTHORIZATION owner")
    owner.execute("""
        CREATE TYPE hers.t AS (x float8);
        CREATE FUNCTION hers.number(hers.t) RETURNS float8 LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''ran''; END';
        CREATE FUNCTION hers.text(hers.t) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''ran''; END';
        CREATE CAST (hers.t AS float8) WITH FUNCTION hers.number AS IMPLICIT;
        CREATE CAST (hers.t AS text) WITH FUNCTION hers.text AS IMPLICIT;
        CREATE TABLE hers.features (id integer, a hers.t, b float8, c float8);
        CREATE TABLE hers.keys (key hers.t, a float8, b float8, c float8);
        CREATE TABLE hers.arrays (id integer, a hers.t[], b float8, c float8);
        INSERT INTO hers.features VALUES (1, ROW(1), 2, 3);
        INSERT INTO hers.keys VALUES (ROW(1), 1, 2, 3);
    """)
    for relation, key, sqlstate in (("features", "id", "ML011"), ("keys", "key", "ML011"), ("arrays", "id", "ML005")):
        assert session.refused(f"SELECT * FROM pgml.score('sum', 'hers.{relation}', '{key}')").pgcode == sqlstate


def test_a_relation_without_rows(session):
    session.execute("CREATE VIEW none AS SELECT * FROM points WHERE false")
    assert session.execute("SELECT * FROM pgml.score('sum', 'none', 'a')") == []


@pytest.mark.parametrize(
    ("call", "sqlstate", "said"),
    [
        ("score('sum', 'keyed', 'nothing')", "ML005", 'keyed has no column "nothing"'),
        ("score('sum', 'pg_class', 'oid')", "ML005", 'no column "a", which the model was trained with'),
        ("score('sum', 'nowhere', 'id')", "ML004", 'there is no table or view "nowhere"'),
        ("score('nothing', 'keyed', 'id')", "ML003", 'unknown project "nothing"'),
        ("score(NULL, 'keyed', 'id')", "ML009", "project_name must not be NULL"),
        ("score('sum', NULL, 'id')", "ML009", "relation_name must not be NULL"),
        ("score('sum', 'keyed', NULL)", "ML009", "key must not be NULL"),
        ("score('sum', 'keyed', '')", "ML009", "key must not be empty"),
        ("score_proba('sum', 'keyed', 'id')", "ML009", "a regression, which has no classes"),
        ("score('sum', 'with_gap', 'id')", "ML012", 'feature "b" is NULL or NaN'),
        ("score('sum', 'words', 'id')", "ML011", 'column "a" of words is text, not a number'),
        ("score('sum', 'odd_key', 'key')", "ML011", 'the key "key" of odd_key is json'),
    ],
)
def test_bad_input(session, call, sqlstate, said):
    session.execute("CREATE OR REPLACE VIEW with_gap AS SELECT id, a, NULLIF(b, 3) AS b, c FROM keyed")
    session.execute("CREATE OR REPLACE VIEW words AS SELECT id, 'one' AS a, b::text AS b, c::text AS c FROM keyed")
    session.execute("CREATE OR REPLACE VIEW odd_key AS SELECT '{}'::json AS key, a, b, c FROM keyed")
    session.execute("SELECT pgml.deploy('sum', 'best_score', 'linear')")
    error = session.refused(f"SELECT * FROM pgml.{call}")
    assert (error.pgcode, said in error.diag.message_primary) == (sqlstate, True), error


def test_the_caller_reads_the_relation(trained_once, session):
    session.execute("GRANT USAGE ON SCHEMA pgml TO PUBLIC")
    reader = Session(trained_once.connect("reader"))
    session.execute("SELECT pgml.grant('sum', 'predict', 'reader')")
    assert reader.refused("SELECT * FROM pgml.score('sum', 'keyed', 'id')").pgcode == "42501"
    session.execute(
        "GRANT SELECT ON keyed TO reader; ALTER TABLE keyed ENABLE ROW LEVEL SECURITY; CREATE POLICY first ON keyed USING (id <= 3)"
    )
    assert [key for key, _ in reader.execute("SELECT * FROM pgml.score('sum', 'keyed', 'id')")] == ["1", "2", "3"]
    session.execute("SELECT pgml.revoke('sum', 'predict', 'reader')")
    assert reader.refused("SELECT * FROM pgml.score('sum', 'keyed', 'id')").pgcode == "42501"
    session.execute("ALTER TABLE keyed DISABLE ROW LEVEL SECURITY")
