"""The README's SQL and Python are run in its order, and give what it says they give."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from psql import psql

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SHOWN = re.compile(r"```sql\n(.*?)```\n\n```text\n(.*?)```\n", re.DOTALL)


@pytest.fixture(autouse=True)
def no_role_is_left(cluster) -> Iterator[None]:
    """The README makes a role, which outlives the test's database."""
    yield
    with contextlib.closing(cluster.connect("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS application")


def test_every_statement_has_its_answer() -> None:
    assert len(SHOWN.findall(README)) == README.count("```sql") > 5


def test_walkthrough(database) -> None:
    for statements, answer in SHOWN.findall(README):
        printed = psql(database.dsn, statements).stdout
        assert [line.rstrip() for line in printed.strip().splitlines()] == answer.strip().splitlines()


def test_python(database, monkeypatch: pytest.MonkeyPatch) -> None:
    psql(database.dsn, "".join(statements for statements, _ in SHOWN.findall(README)))
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for name, value in database.connect().info.dsn_parameters.items():
        if name in ("host", "port", "user", "dbname"):
            monkeypatch.setenv({"dbname": "PGDATABASE"}.get(name, f"PG{name.upper()}"), value)
    scope: dict = {}
    exec(code.replace("db.predict", "predictions = db.predict"), scope)
    assert len(scope["predictions"]) == len(scope["patients"]) == 442


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
