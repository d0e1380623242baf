"""What docs/operation.md says about roles is enough, and no more than needed: its statements, on a database in use."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg2.errors
import pytest

STATEMENTS = re.findall(
    r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs" / "operation.md").read_text(), re.DOTALL
)
TRAINED = "SELECT status FROM pgml.train('Sales', 'regression', 'sales', 'y')"


@pytest.fixture
def in_use(database):
    """A database with a project of the superuser, in which every statement of the page was run in its order."""
    database.execute("SELECT pgml.load_dataset('diabetes')")
    database.execute("SELECT pgml.train('Diabetes Progression', 'regression', 'pgml.diabetes', 'target')")
    database.execute("CREATE TABLE sales AS SELECT i AS x, 2 * i + 1 AS y FROM generate_series(1, 40) AS i")
    shown = [database.execute(statement) for statements in STATEMENTS for statement in statements.split(";\n") if statement]
    database.shown = [rows for rows in shown if len(rows) > 1]
    yield database
    database.execute("RESET ROLE; DROP OWNED BY analyst, application CASCADE; DROP ROLE analyst, application")


def test_one_role_trains_and_another_predicts(in_use) -> None:
    in_use.execute("GRANT SELECT ON sales TO analyst; SET ROLE analyst")
    assert in_use.execute(TRAINED) == [("deployed",)]
    assert in_use.execute("SELECT algorithm_name FROM pgml.deploy('Sales', 'most_recent')") == [("linear",)]
    assert in_use.execute("SELECT pgml.load_dataset('iris')") == [("OK",)]
    in_use.execute("SELECT pgml.grant('Sales', 'predict', 'application')")

    in_use.execute("SET ROLE application")
    assert in_use.execute("SELECT round(pgml.predict('Sales', ARRAY[100]))") == [(201.0,)]
    assert in_use.execute("SELECT count(*) FROM pgml.iris") == [(150,)]
    for forbidden in (TRAINED, "SELECT * FROM pgml_snapshots.snapshot_2", "SELECT pgml.deploy('Sales', 'rollback')"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            in_use.execute(forbidden)
    assert in_use.execute("SELECT * FROM pgml.models") == []


def test_the_statements_show_what_the_page_says(in_use) -> None:
    assert ("application", "predict") in in_use.shown[0]
    in_use.execute("SET ROLE application")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):  # the last statement of the page revoked it
        in_use.execute("SELECT pgml.predict('Diabetes Progression', '{1}')")
