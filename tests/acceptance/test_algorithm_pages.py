"""The statements in docs/algorithms/ run as they are printed, one page after the other in one session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection

PAGES = [page for page in (Path(__file__).parents[2] / "docs" / "algorithms").glob("*.md") if page.stem != "README"]
STATEMENTS = {page.stem: re.findall(r"```sql\n(.*?)```", page.read_text(), re.DOTALL) for page in sorted(PAGES)}


@pytest.fixture(scope="module")
def session(new_database) -> Iterator[Connection]:
    """A session with the data sets that the pages speak of; its engine serves all of them."""
    with new_database() as database:
        connection = database.connect()
        with connection.cursor() as cursor:
            for source in ("diabetes", "breast_cancer"):
                cursor.execute("SELECT pgml.load_dataset(%s)", (source,))
        yield connection


@pytest.mark.parametrize("page", STATEMENTS)
def test_the_statements_of_a_page(session: Connection, page: str) -> None:
    session.notices.clear()
    with session.cursor() as cursor:
        for statement in STATEMENTS[page]:
            cursor.execute(statement)
            [(_, objective, algorithm, status)] = cursor.fetchall()
            assert f"'{objective}'" in statement
            assert algorithm == page
            assert status in ("deployed", "not deployed")
    assert STATEMENTS[page], "there is no statement on it"
    assert [notice for notice in session.notices if notice.startswith("WARNING")] == []
