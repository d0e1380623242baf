"""What docs/operation.md says about roles is enough, and no more than needed."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg2.errors
import pytest

GRANTS = re.findall(r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs" / "operation.md").read_text(), re.DOTALL)


@pytest.fixture
def granted(database):
    """A database in which both blocks of grants were run."""
    for grants in GRANTS:
        database.execute(grants)
    yield database
    database.execute("RESET ROLE; DROP OWNED BY analyst, application CASCADE; DROP ROLE analyst, application")


def test_one_role_trains_and_another_predicts(granted) -> None:
    granted.execute("CREATE TABLE sales AS SELECT i AS x, 2 * i + 1 AS y FROM generate_series(1, 40) AS i")
    granted.execute("GRANT SELECT ON sales TO analyst")

    granted.execute("SET ROLE analyst")
    trained = "SELECT status FROM pgml.train('Sales', 'regression', 'sales', 'y')"
    assert granted.execute(trained) == [("deployed",)]
    assert granted.execute("SELECT algorithm_name FROM pgml.deploy('Sales', 'most_recent')") == [("linear",)]

    granted.execute("SET ROLE application")
    assert granted.execute("SELECT round(pgml.predict('Sales', ARRAY[100]))") == [(201.0,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        granted.execute(trained)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        granted.execute("SELECT * FROM pgml_snapshots.snapshot_1")
