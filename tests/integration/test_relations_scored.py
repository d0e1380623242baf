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


def test_a_relation_without_rows(session):
    session.execute("CREATE VIEW none AS SELECT * FROM points WHERE false")
    assert session.execute("SELECT * FROM pgml.score('sum', 'none', 'a')") == []


@pytest.mark.parametrize(
    ("call", "sqlstate", "said"),
    [
        ("score('sum', 'keyed', 'nothing')", "ML005", '"keyed" has no column "nothing"'),
        ("score('sum', 'pg_class', 'oid')", "ML005", 'no column "a", which the model was trained with'),
        ("score('sum', 'nowhere', 'id')", "ML004", 'there is no table or view "nowhere"'),
        ("score('nothing', 'keyed', 'id')", "ML003", 'unknown project "nothing"'),
        ("score(NULL, 'keyed', 'id')", "ML009", "project_name must not be NULL"),
        ("score('sum', NULL, 'id')", "ML009", "relation_name must not be NULL"),
        ("score('sum', 'keyed', NULL)", "ML009", "key must not be NULL"),
        ("score('sum', 'keyed', '')", "ML009", "key must not be empty"),
        ("score_proba('sum', 'keyed', 'id')", "ML009", "a regression, which has no classes"),
        ("score('sum', 'with_gap', 'id')", "ML012", 'feature "b" is NULL or NaN'),
        ("score('sum', 'words', 'id')", "22P02", "invalid input syntax"),
    ],
)
def test_bad_input(session, call, sqlstate, said):
    session.execute("CREATE OR REPLACE VIEW with_gap AS SELECT id, a, NULLIF(b, 3) AS b, c FROM keyed")
    session.execute("CREATE OR REPLACE VIEW words AS SELECT id, 'one' AS a, b::text AS b, c::text AS c FROM keyed")
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
