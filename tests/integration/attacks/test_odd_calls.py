"""Every function of schema pgml, called by an ordinary role with whatever arguments: it works or says why not."""

from __future__ import annotations

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import check_clean

BOTH_DOORS = True

EVIL = [
    "harvest", "crown", "hers", "points", "anna.fields", "pgml_snapshots.snapshot_1", "pgml_internal.artifacts", "mallory.t",
    "target", "a", "linear", "ridge", "regression", "classification", "best_score", "most_recent", "rollback", "predict", "read",
    "train", "deploy", "own", "random", "last", "linnerud", "iris", "", " ", "'", "''", '"', '""', "';--", '";--', "$$", "$1", "%s",
    "%I", "{}", "\\", "\\'", "E'\\''", "'); SELECT mallory.loot(); --", '"; SELECT mallory.loot(); --', "$x$; SELECT mallory.loot(); $x$",
    "mallory.loot()", "/**/", "--", "\n", "\t", "NULL", "null", "<b>", "é", "🐘", "x" * 600, "a.b.c.d", ".", "..", '"a"."b"', "pg_temp.t",
]  # fmt: skip
texts = st.none() | st.sampled_from(EVIL) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
pairs = st.builds("".join, st.lists(st.sampled_from(EVIL), min_size=2, max_size=4))
json_texts = st.sampled_from([
    None, "{}", "[]", "null", '"x"', "1", '{"alpha": 1}', '{"alpha": "x"}', '{"alpha": null}', '{"": {}}', '{"error": {"sqlstate": "00000"}}',
    '{"alpha": 1e400}', '{"\'": "\\""}', '{"result": {}}',
])  # fmt: skip
ARGUMENTS = {
    "text": texts | pairs,
    "jsonb": json_texts,
    "bigint": st.sampled_from([None, -1, 0, 1, 2, 3, 1 << 62]),
    "double precision": st.none() | st.floats() | st.sampled_from([0.25, 5.0]),
    "double precision[]": st.none() | st.lists(st.none() | st.floats(), max_size=4) | st.just([[1.0, 2.0]]),
    "boolean": st.none() | st.booleans(),
    "regrole": st.sampled_from([None, "mallory", "anna", "paul", "sue", "postgres", "pg_read_all_data", "0", "99999999", "pg_monitor"]),
}


# What makes a call succeed, so that the odd argument among the others is looked at.
GOOD = {
    "project_name": "hers", "objective": "regression", "relation_name": "mallory.t", "y_column_name": "target", "algorithm": "ridge",
    "hyperparams": "{}", "search": None, "search_params": "{}", "search_args": "{}", "test_size": 0.25, "test_sampling": None,
    "preprocess": "{}", "deploy": True, "features": [1.0, 2.0], "strategy": "best_score", "algorithm_name": None,
    "source": "linnerud", "privilege": "read", "role": "anna", "model_id": 1, "function_name": "mallory.f", "format": "safetensors",
    "key": "a",
}  # fmt: skip


@pytest.fixture(scope="module")
def functions(furnished) -> list[tuple[str, list[str], list[str]]]:
    """The functions of schema pgml, with the types and names of their arguments."""
    return furnished.owner.execute(
        "SELECT proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n),"
        " coalesce(proargnames[:pronargs], '{}') FROM pg_proc WHERE pronamespace = 'pgml'::regnamespace ORDER BY 1"
    )


def test_every_function_is_tried(functions):
    assert {sql_type for _, types, _ in functions for sql_type in types} == set(ARGUMENTS)
    assert {name for _, _, names in functions for name in names} == set(GOOD)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_it_works_or_says_why_not(functions, house, mallory, data):
    """The house, which is checked afterwards, is as it was: no state of others was changed, nor code of mallory's run."""
    if mallory.value("SELECT to_regclass('mallory.t') IS NULL"):
        mallory.execute("CREATE TABLE mallory.t AS TABLE points; GRANT ALL ON mallory.t TO PUBLIC")
        mallory.execute("SELECT pgml.train('hers', 'regression', 'mallory.t', 'target')")
    name, types, names = data.draw(st.sampled_from(functions))
    odd = data.draw(st.sets(st.integers(0, max(0, len(types) - 1)), max_size=3))
    values = [
        data.draw(ARGUMENTS[sql_type], label=argument) if place in odd else GOOD[argument]
        for place, (sql_type, argument) in enumerate(zip(types, names))
    ]
    called = f"pgml.{name}({', '.join(f'%s::{sql_type}' for sql_type in types)})"
    mallory.execute("BEGIN")
    try:
        mallory.execute(f"SELECT * FROM {called} AS answer", *values)
    except psycopg2.Error as error:
        check_clean(error)
    finally:
        mallory.execute("ROLLBACK")
    assert mallory.execute("SELECT current_user, current_setting('search_path')") == [("mallory", '"$user", public')]
