"""What a model is trained on: the rows that the caller may see, of whatever relation and types, in one order."""

from __future__ import annotations

import hashlib
import subprocess

import numpy as np
import pytest
from sessions import Session


@pytest.fixture(scope="module")
def session(trained_once) -> Session:
    return Session(trained_once.connect())


def predictor(session: Session, project: str) -> bytes:
    """Return the bytes of a project's newest model."""
    return bytes(
        session.value(
            "SELECT predictor FROM pgml_internal.artifacts JOIN pgml.models AS m ON m.id = model_id"
            " JOIN pgml.projects AS p ON p.id = m.project_id WHERE p.name = %s ORDER BY m.id DESC LIMIT 1",
            project,
        )
    )


def newest(session: Session, project: str) -> tuple[str, int, str]:
    """Return (relation_name, row_count, table) of a project's newest snapshot."""
    return session.execute(
        "SELECT relation_name, row_count, 'pgml_snapshots.snapshot_' || s.id FROM pgml.snapshots AS s"
        " JOIN pgml.projects AS p ON p.id = project_id WHERE p.name = %s ORDER BY s.id DESC LIMIT 1",
        project,
    )[0]


@pytest.mark.parametrize(
    ("create", "name"),
    [
        ('CREATE TABLE "my ""odd"" Table" AS', 'my "odd" Table'),
        ('CREATE TABLE "my ""odd"" Table 2" AS', '"my ""odd"" Table 2"'),
        ("CREATE TABLE CamelCase AS", "CamelCase"),
        ('CREATE TABLE "Upper" AS', "Upper"),
        ('CREATE SCHEMA "Other Schema"; CREATE TABLE "Other Schema"."A.b" AS', "Other Schema.A.b"),
        ('CREATE SCHEMA "Other 2"; CREATE TABLE "Other 2"."A.b" AS', '"Other 2"."A.b"'),
        ('CREATE TABLE "it\'s; DROP TABLE points; --" AS', "it's; DROP TABLE points; --"),
        ("CREATE TABLE données AS", "données"),
        (f"CREATE TABLE {'x' * 63} AS", "x" * 63),
        ("CREATE TEMP TABLE passing AS", "passing"),
        ("CREATE TEMP TABLE passing_too AS", "pg_temp.passing_too"),
        ("CREATE VIEW a_view AS", "public.a_view"),
        ("CREATE MATERIALIZED VIEW materialised AS", "materialised"),
        ("CREATE UNLOGGED TABLE unlogged AS", "unlogged"),
    ],
)
def test_relations_of_every_kind_and_name(session, create, name):
    session.execute(f"{create} SELECT a, b, c, target FROM points")
    assert session.train("names", "regression", name, "target")[0] == "names"
    relation, rows, table = newest(session, "names")
    assert rows == 200
    assert session.execute(f"SELECT a, b, c, target FROM {table} EXCEPT ALL SELECT a, b, c, target FROM points") == []
    assert (
        session.value(
            "SELECT count(*) FROM pgml.overview WHERE name = 'names' AND relation_name = %s", relation
        )
        <= 1
    )
    assert session.value("SELECT count(*) FROM points") == 200


def test_the_search_path_decides_which_of_two_tables_it_is(session):
    session.execute("CREATE SCHEMA first; CREATE TABLE first.both AS SELECT a, target FROM points LIMIT 20")
    session.execute("CREATE SCHEMA second; CREATE TABLE second.both AS SELECT a, target FROM points LIMIT 30")
    for path, count in (("second, first", 30), ("first, second", 20), ("first", 20)):
        session.execute(f"SET search_path = {path}")
        session.train("path", "regression", "both", "target")
        session.execute("RESET search_path")
        assert newest(session, "path")[1] == count


def test_an_empty_search_path_is_enough(session):
    session.execute("SET search_path = ''")
    session.train("bare", "regression", "public.numbers", "target")
    assert session.predict("bare", [1, 2, 3]) is not None
    session.execute("SELECT * FROM pgml.deploy('bare')")
    session.execute("RESET search_path")


def test_partitioned_and_inherited_tables_are_read_whole(session):
    session.execute(
        """
        CREATE TABLE parted (x float8, y float8) PARTITION BY RANGE (x);
        CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (50);
        CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (50) TO (100);
        INSERT INTO parted SELECT i, 2 * i FROM generate_series(0, 99) AS i;
        CREATE TABLE parent (x float8, y float8);
        CREATE TABLE child () INHERITS (parent);
        INSERT INTO parent SELECT i, i FROM generate_series(1, 10) AS i;
        INSERT INTO child SELECT i, i FROM generate_series(1, 10) AS i;
        """
    )
    session.train("parts", "regression", "parted", "y")
    assert newest(session, "parts")[1] == 100
    session.train("parts", "regression", "parent", "y")
    assert newest(session, "parts")[1] == 20


def test_foreign_tables(session):
    if not session.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'file_fdw'"):
        pytest.skip("file_fdw is not installed")
    session.execute(
        """
        CREATE EXTENSION file_fdw;
        CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
        CREATE FOREIGN TABLE foreign_points (x float8, y float8) SERVER files
            OPTIONS (program 'for i in $(seq 30); do echo $i,$((2 * i)); done', format 'csv');
        """
    )
    session.train("foreign", "regression", "foreign_points", "y")
    assert newest(session, "foreign")[1] == 30


def test_columns_of_every_numeric_type(session):
    """Each is turned into a feature in the relation's order; dropped columns are gone, generated ones are there."""
    session.execute(
        """
        CREATE DOMAIN percent AS numeric(5, 2) CHECK (VALUE >= 0);
        CREATE DOMAIN share AS percent;
        CREATE DOMAIN vector AS float8[];
        CREATE TABLE types (
            gone text, small smallint, "Plain Integer" integer, big bigint, single real, twice double precision,
            "exact" numeric, domain share, flag boolean, gone_too float8[], vectors float8[], matrix smallint[][],
            exact_vectors numeric(6, 2)[], domain_vectors vector, target integer,
            generated float8 GENERATED ALWAYS AS (twice * 10) STORED
        );
        ALTER TABLE types DROP gone, DROP gone_too;
        INSERT INTO types (small, "Plain Integer", big, single, twice, "exact", domain, flag, vectors, matrix,
            exact_vectors, domain_vectors, target)
        SELECT i, 2 * i, 3 * i, 0.5 * i, 0.25 * i, 0.125 * i, i, i % 2 = 0, ARRAY[i, i + 0.5], ARRAY[[i, 1], [2, -i]],
            ARRAY[i + 0.25], ARRAY[-i], i FROM generate_series(1, 40) AS i;
        """
    )
    session.train("types", "regression", "types", "target", "random_forest", '{"n_estimators": 3}')
    expected = [
        "small",
        "Plain Integer",
        "big",
        "single",
        "twice",
        "exact",
        "domain",
        "flag",
        "vectors[1]",
        "vectors[2]",
        "matrix[1]",
        "matrix[2]",
        "matrix[3]",
        "matrix[4]",
        "exact_vectors[1]",
        "domain_vectors[1]",
        "generated",
    ]
    features = session.value(
        "SELECT m.features FROM pgml.models AS m JOIN pgml.projects AS p ON p.id = project_id WHERE p.name = 'types'"
    )
    assert features == expected
    whole = session.value(
        """
        SELECT count(pgml.predict('types', ARRAY[small, "Plain Integer", big, single, twice, "exact", domain,
            flag::int] || vectors || ARRAY[matrix[1][1], matrix[1][2], matrix[2][1], matrix[2][2]]::float8[]
            || exact_vectors::float8[] || domain_vectors::float8[] || ARRAY[generated])) FROM types
        """
    )
    assert whole == 40


def test_values_arrive_exactly(session):
    """A straight line through values that binary fractions hold exactly is found exactly, from every type."""
    for kind in ("smallint", "integer", "bigint", "real", "float8", "numeric", "numeric(10, 3)"):
        session.execute(
            f"CREATE TABLE lines AS SELECT i::{kind} AS x, (3 * i + 5)::{kind} AS y FROM generate_series(-50, 50) AS i"
        )
        session.train("line", "regression", "lines", "y")
        assert session.predict("line", [1000.0]) == pytest.approx(3005, rel=1e-9)
        session.execute("DROP TABLE lines")


def test_boolean_targets_and_features(session):
    session.execute(
        "CREATE TABLE flags AS SELECT i % 2 = 0 AS even, i % 2 AS odd, i % 3 = 0 AS third FROM generate_series(1, 60) AS i"
    )
    session.train("even", "classification", "flags", "even", "random_forest", '{"n_estimators": 3}')
    assert session.predict("even", [1, 0]) == 0
    assert session.predict("even", [0, 0]) == 1


def test_arrays_that_are_null_are_missing_values(session):
    session.execute(
        "CREATE TABLE images AS SELECT CASE WHEN i % 10 > 0 THEN ARRAY[[i, 1], [NULL, 3]] END AS image, i AS y"
        " FROM generate_series(1, 40) AS i"
    )
    assert session.refused("SELECT pgml.train('images', 'regression', 'images', 'y')").pgcode == "ML012"
    session.train("images", "regression", "images", "y", "xgboost", '{"n_estimators": 3}')
    assert session.predict("images", [[30, 1], [None, 3]]) == session.predict("images", [30, 1, None, 3])
    assert session.predict("images", [None] * 4) is not None


def test_image_columns_are_taken_as_they_are(session):
    session.execute(
        "CREATE TABLE faces AS SELECT ARRAY[[i, 2], [3, i]]::smallint[] AS face, i AS y FROM generate_series(1, 40) AS i"
    )
    session.train("faces", "regression", "faces", "y")
    assert session.value("SELECT bool_and(abs(pgml.predict('faces', face) - y) < 1e-6) FROM faces")


def test_the_split_is_recorded(session):
    session.train("split", "regression", "numbers", "target", test_size=0.3, test_sampling="first")
    session.train("split", test_size=7, test_sampling="last")
    session.train("split", test_size=0.125)
    rows = session.execute(
        "SELECT test_rows FROM pgml_internal.artifacts JOIN pgml.models AS m ON m.id = model_id"
        " JOIN pgml.projects AS p ON p.id = m.project_id WHERE p.name = 'split' ORDER BY m.id"
    )
    first, last, random = (
        np.unpackbits(np.frombuffer(row[0], np.uint8), count=200).astype(bool) for row in rows
    )
    assert first.tolist() == [True] * 60 + [False] * 140
    assert last.tolist() == [False] * 193 + [True] * 7
    assert random.sum() == 25 and random[:25].sum() < 25


def test_the_same_call_trains_the_same_model(session, trained_once):
    """In two sessions, from two snapshots, and from one snapshot again."""
    digests = {}
    for again in (session, Session(trained_once.connect())):
        for project, relation, target in (("sum", "numbers", "target"), ("parity", "labels", "label")):
            for algorithm in ("linear", "random_forest", "xgboost", "gradient_boosting_trees"):
                settings = "{}" if algorithm == "linear" else '{"n_estimators": 4}'
                for relation_again, target_again in ((relation, target), (None, None)):
                    again.train(project, None, relation_again, target_again, algorithm, settings)
                    digest = hashlib.sha256(predictor(again, project)).hexdigest()
                    digests.setdefault((project, algorithm), set()).add(digest)
    assert {pair for pair, made in digests.items() if len(made) > 1} == set()
    assert len(set.union(*digests.values())) == len(digests)


def test_the_projects_name_is_enough_for_the_latest_snapshot(session):
    session.execute("CREATE TABLE growing AS SELECT a, b, target FROM points LIMIT 50")
    session.train("again", "regression", "growing", "target")
    session.execute("INSERT INTO growing SELECT a, b, target FROM points LIMIT 50")
    assert session.train("again") == ("again", "regression", "linear", "not deployed")
    assert session.train("again", y_column_name="target", objective="regression")[0] == "again"
    assert newest(session, "again")[1] == 50
    session.train("again", None, "growing", "target")
    assert newest(session, "again")[1] == 100
    session.execute("DROP TABLE growing")
    assert session.train("again", algorithm="random_forest")[2] == "random_forest"


def test_a_snapshot_stays_as_it_was(session):
    session.execute("CREATE TABLE changing AS SELECT a, target FROM points")
    session.train("kept", "regression", "changing", "target")
    *_, table = newest(session, "kept")
    before = session.execute(f"SELECT * FROM {table}")
    session.execute("UPDATE changing SET a = a + 1; ALTER TABLE changing DROP a; TRUNCATE changing")
    assert session.execute(f"SELECT * FROM {table}") == before


def test_many_rows_arrive_complete_and_in_order(session):
    """Several slices (16 MB each) of rows, some updated, so that their place in the source is not their number."""
    session.execute(
        "CREATE TABLE long AS SELECT i AS x, 2.0 * i AS y, array_fill(i::float8, ARRAY[20]) AS zs FROM generate_series(1, 200000) AS i"
    )
    session.execute("UPDATE long SET y = y + 1 WHERE x % 1000 = 0")
    session.train("long", "regression", "long", "y", test_sampling="last", test_size=100)
    _, rows, table = newest(session, "long")
    assert rows == 200_000
    r2, error = session.execute(
        "SELECT metrics ->> 'r2', metrics ->> 'mean_squared_error' FROM pgml.models JOIN pgml.trained_models USING (id) WHERE name = 'long'"
    )[0]
    # The last 100 rows are 100 of the updated ones: y is 2 x + 1 there, and 2 x in all but a few of the rest.
    assert float(r2) > 0.999999 and 0.9 < float(error) < 1.1
    assert session.value(f"SELECT bool_and(x % 1000 = 0) FROM (SELECT x FROM {table} OFFSET 199800) AS last")


def test_synchronised_scans_do_not_mix_up_the_rows(session):
    assert session.value("SHOW synchronize_seqscans") == "on"
    session.train("sum", None, "numbers", "target")
    assert session.value("SHOW synchronize_seqscans") == "on", "the setting is the function's own"


def test_a_rolled_back_training_leaves_nothing(session):
    tables = "SELECT relname FROM pg_class WHERE relname LIKE 'snapshot%' ORDER BY 1"
    before = session.execute(tables), session.value("SELECT count(*) FROM pgml.models")
    session.execute("BEGIN")
    session.train("undone", "regression", "numbers", "target")
    assert session.predict("undone", [1, 2, 3]) is not None
    session.execute("ROLLBACK")
    assert (session.execute(tables), session.value("SELECT count(*) FROM pgml.models")) == before
    assert session.refused("SELECT pgml.predict('undone', '{1,2,3}')").pgcode == "ML003"
    assert session.train("undone", "regression", "numbers", "target")[3] == "deployed"


def test_a_view_may_ask_another_model(session):
    """Predictions of one model as a feature of the next."""
    session.execute(
        "CREATE VIEW stacked AS SELECT pgml.predict('sum', ARRAY[a, b, c]) AS first, target FROM numbers"
    )
    session.train("stacked", "regression", "stacked", "target")
    assert newest(session, "stacked")[1] == 200


def test_a_view_may_train_other_models(session):
    """A training is of what was asked for, whatever was trained, or could not be, while its rows were read."""
    session.execute(
        """
        CREATE FUNCTION train_others() RETURNS float8 LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pgml.train('other', 'regression', 'numbers', 'target', 'lasso', '{"alpha": 0.5}');
            BEGIN
                PERFORM pgml.train('other', 'regression', 'numbers', 'no such column', 'ridge');
            EXCEPTION WHEN OTHERS THEN
                RETURN 1;
            END;
        END $$;
        CREATE VIEW busy AS SELECT a, b, c, target, one FROM numbers, (SELECT train_others() AS one OFFSET 0) AS once
        """
    )
    assert session.train("busy", "regression", "busy", "target", "huber", '{"epsilon": 2}')[2] == "huber"
    trained = "SELECT algorithm_name, hyperparams -> 'alpha', hyperparams -> 'epsilon' FROM pgml.models JOIN pgml.trained_models USING (id, algorithm_name) WHERE name = %s"
    assert session.execute(trained, "busy") == [("huber", 0.0001, 2.0)]
    assert session.execute(trained, "other") == [("lasso", 0.5, None)]


def test_rows_keep_their_order_through_a_dump(trained_once, session, new_database):
    """COPY packs rows with NULLs, which are shorter, into gaps of earlier pages: their place is not their number."""
    session.execute(
        "CREATE TABLE gaps AS SELECT i AS x, CASE WHEN i % 5 < 3 THEN NULL ELSE i * 7 % 31 END AS z, i % 17 AS y,"
        " repeat('1', 1 + i % 300)::numeric AS w FROM generate_series(1, 1000) AS i"
    )
    settings = '{"max_iter": 5}'
    session.train("gaps", "regression", "gaps", "y", "hist_gradient_boosting", settings, test_sampling="last")
    dump = subprocess.run(
        [trained_once.cluster.postgres.program("pg_dump"), trained_once.dsn], capture_output=True, check=True
    )
    with new_database("template0") as restored:
        psql = [trained_once.cluster.postgres.program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", restored.dsn]
        subprocess.run(psql, input=dump.stdout, capture_output=True, check=True)
        again = Session(restored.connect())
        table = newest(again, "gaps")[2]
        again.execute(f"CREATE TABLE moved AS SELECT * FROM {table} ORDER BY md5(x::text)")  # wherever they lie
        again.execute(f"TRUNCATE {table}; INSERT INTO {table} SELECT * FROM moved")
        again.train("gaps", None, None, None, "hist_gradient_boosting", settings, test_sampling="last")
        digests = again.execute(
            "SELECT m.digest, m.metrics ->> 'mean_squared_error' FROM pgml.models AS m JOIN pgml.trained_models AS t USING (id)"
            " WHERE t.name = 'gaps'"
        )
    assert len(digests) == 2 and len(set(digests)) == 1
