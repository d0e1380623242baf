"""What the integration tests share: sessions, and databases in which models have been trained already."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sessions import Session

DIABETES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")


@pytest.fixture
def session(database) -> Session:
    """A superuser's session with a fresh database."""
    return Session(database.connect())


@pytest.fixture(scope="session")
def trained_template(new_database) -> Iterator[str]:
    """The name of a database to copy: the table `points`, and the projects `sum` and `parity` of several models.

    `points` (a, b, c float8; target float8; label integer) has 200 rows. `sum` (regression) has, in this order,
    a linear model, a forest, a boosted model and another linear one; `parity` (classification) a linear model and
    a forest.
    """
    with new_database() as database:
        session = Session(database.connect())
        session.execute(
            """
            CREATE TABLE points AS
            SELECT a, b, c, a + 2 * b - c + noise AS target, (a + b > 10)::int AS label
            FROM (SELECT i % 10 AS a, i % 7 AS b, i % 13 AS c, (i * 7919 % 101) / 101.0 AS noise
                  FROM generate_series(1, 200) AS i) AS made
            """
        )
        session.execute("ALTER TABLE points ALTER a TYPE float8, ALTER b TYPE float8, ALTER c TYPE float8")
        session.execute("ALTER TABLE points ALTER target TYPE float8")
        session.execute("CREATE VIEW numbers AS SELECT a, b, c, target FROM points")
        session.execute("CREATE VIEW labels AS SELECT a, b, c, label FROM points")
        small = '{"n_estimators": 5, "max_depth": 3}'
        session.train("sum", "regression", "numbers", "target")
        session.train("sum", algorithm="random_forest", hyperparams=small)
        session.train("sum", algorithm="gradient_boosting_trees", hyperparams=small)
        session.train("sum", algorithm="linear", hyperparams='{"fit_intercept": false}')
        session.train("parity", "classification", "labels", "label")
        session.train("parity", algorithm="random_forest", hyperparams=small)
        database.disconnect()
        yield database.name


@pytest.fixture
def trained(new_database: Callable, trained_template: str) -> Iterator:
    """A database with models in it, for one test."""
    with new_database(trained_template) as database:
        yield database


@pytest.fixture(scope="module")
def trained_once(new_database: Callable, trained_template: str) -> Iterator:
    """A database with models in it, for all tests of a module, which only read."""
    with new_database(trained_template) as database:
        yield database
