"""The examples run from beginning to end, twice, and train every algorithm that comes with pgml."""

from __future__ import annotations

from pathlib import Path

import pytest
from psql import psql

EXAMPLES = Path(__file__).parents[2] / "examples"
OBJECTIVES = {"regression": 27, "classification": 16}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_example(database, objective: str) -> None:
    for _ in range(2):
        run = psql(database.dsn, None, "--set=ON_ERROR_STOP=1", f"--file={EXAMPLES / objective}.sql")
        assert run.returncode == 0, run.stdout
        assert "WARNING" not in run.stdout
    never_trained = database.execute(
        "SELECT algorithm FROM pgml.algorithms WHERE objective = %s AND plugin = 'pgml-core'"
        " EXCEPT SELECT algorithm_name FROM pgml.models",
        objective,
    )
    assert never_trained == []
    trained = database.execute("SELECT count(DISTINCT algorithm_name) FROM pgml.models WHERE served_by = 'backend'")
    assert trained == [(OBJECTIVES[objective],)]
