"""What an error of pgml says beside its message: nothing of how pgml is made, and all of what the user wrote."""

from __future__ import annotations

import pytest
from sessions import Session

BOTH_DOORS = True

FAILING = (
    "SELECT pgml.train('sum', algorithm => 'nothing')",
    "SELECT * FROM pgml.train('sum', NULL, 'nowhere', 'y')",
    "SELECT * FROM pgml.deploy('nothing')",
    "SELECT pgml.predict('sum', '{1}')",
    "SELECT pgml.predict('nothing', '{1}')",
    "SELECT pgml.predict(NULL, '{1}')",
    "SELECT * FROM pgml.predict_batch('sum', '{{1}}')",
    "SELECT * FROM pgml.predict_batch('sum', '{{1,2,3},{1,2,NULL}}')",
    "SELECT * FROM pgml.predict_batch('nothing', '{{1}}')",
    "SELECT pgml.load_dataset('nothing')",
    "SELECT pgml.grant('sum', 'nothing', current_user::regrole)",
    "SELECT pgml.revoke('nothing', 'predict', current_user::regrole)",
    "SELECT * FROM pgml.hyperparameters('nothing', 'regression')",
)


@pytest.fixture(scope="module")
def session(trained_once) -> Session:
    return Session(trained_once.connect())


@pytest.mark.parametrize("statement", FAILING)
def test_an_error_has_no_context(session, statement):
    error = session.refused(statement)
    assert error.diag.context is None, error.diag.context
    assert session.value("SELECT 1") == 1


@pytest.mark.parametrize("statement", FAILING)
def test_functions_of_the_user_are_in_the_context(session, statement):
    session.execute(
        f"CREATE OR REPLACE FUNCTION mine() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM ({statement.replace('*', '1')}); END $$"
    )
    context = session.refused("SELECT mine()").diag.context
    assert "mine()" in context
    assert "pgml_internal" not in context and 'SQL function "' not in context.replace("SQL statement", "")


def test_what_postgres_says_of_the_callers_own_function_stays(session):
    session.execute(
        "CREATE OR REPLACE FUNCTION picky(x float8) RETURNS float8 LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'not today' USING errcode = '22012'; END $$"
    )
    session.execute("CREATE OR REPLACE VIEW picky_view AS SELECT picky(a) AS a, target FROM numbers")
    error = session.refused("SELECT pgml.train('picky', 'regression', 'picky_view', 'target')")
    assert (error.pgcode, error.diag.message_primary) == ("22012", "not today")
