"""Plugins that are installed, used from SQL: pip install and a new session are all it takes."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from environment import Environment
from sessions import Session


def test_an_installed_plugin_is_used_from_sql(session):
    rows = session.execute("SELECT * FROM pgml.algorithms WHERE plugin = 'pgml-baseline' ORDER BY objective")
    assert [row[:4] for row in rows] == [
        ("baseline", "classification", "pgml-baseline", "0.1.0"),
        ("baseline", "regression", "pgml-baseline", "0.1.0"),
    ]
    names = session.execute("SELECT name, \"default\" FROM pgml.hyperparameters('baseline', 'regression')")
    assert names == [("strategy", "mean"), ("quantile", 0.5)]

    trained = session.train("level", "regression", "numbers", "target", "baseline", '{"strategy": "median"}')
    assert trained == ("level", "regression", "baseline", "deployed")
    median = session.value("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY target) FROM numbers")
    assert session.predict("level", [1, 2, 3]) == pytest.approx(median, abs=2)
    assert session.predict("level", [None, 0, 1e9]) == session.predict("level", [1, 2, 3])
    assert session.train("class", "classification", "labels", "label", "baseline")[3] == "deployed"
    assert session.predict("class", [1, 2, 3]) in (7, 8)
    assert (
        session.execute(
            "SELECT plugin_name, plugin_version, served_by FROM pgml.models WHERE algorithm_name = 'baseline'"
        )
        == [("pgml-baseline", "0.1.0", "backend")] * 2
    )


def test_a_better_model_replaces_the_baseline(session):
    session.train("sum", "regression", "numbers", "target", "baseline")
    assert session.train("sum", algorithm="linear")[3] == "deployed"
    assert session.train("sum", algorithm="baseline")[3] == "not deployed"


def test_the_command_lists_plugins_and_what_is_wrong_with_them(plugin_environment: Environment):
    command = "from pgml.cli import main; raise SystemExit(main(['plugins']))"
    listed = subprocess.run(
        [plugin_environment.python, "-c", command], capture_output=True, text=True, check=False
    )
    assert "pgml-baseline 0.1.0\n    baseline (classification), baseline (regression)" in listed.stdout
    assert "pgml-unimportable 0.1\n    FAILED: it cannot be imported: No module named" in listed.stdout
    assert listed.returncode == 1, "because some plugins failed"


def test_a_plugin_that_is_uninstalled_leaves_its_compiled_models_of_use(connect, plugin_environment):
    session = connect()
    session.train("level", "regression", "numbers", "target", "baseline")
    expected = session.predict("level", [1, 2, 3])
    moved = [path for path in plugin_environment.site.iterdir() if path.name.startswith("pgml_baseline")]
    aside = plugin_environment.folder / "aside"
    aside.mkdir()
    for path in moved:
        shutil.move(path, aside)
    try:
        later: Session = connect()
        assert later.predict("level", [1, 2, 3]) == expected
        error = later.refused("SELECT pgml.train('level', algorithm => 'baseline')")
        assert error.pgcode == "ML001"
        assert later.train("level", algorithm="linear")[3] == "deployed"
    finally:
        for path in aside.iterdir():
            shutil.move(path, plugin_environment.site)


def test_a_data_set_of_a_plugin_becomes_a_table(session):
    assert session.value("SELECT pgml.load_dataset('of_every_type')") == "OK"
    columns = session.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = 'pgml.of_every_type'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert columns == [
        ("float64", "double precision"),
        ("float32", "real"),
        ("int16", "smallint"),
        ("int32", "integer"),
        ("int64", "bigint"),
        ("bool", "boolean"),
        ('odd "name"', "text"),
        ("numbers", "double precision[]"),
        ("target", "double precision"),
    ]
    rows = session.execute('SELECT int64, bool, "odd ""name""", numbers, target FROM pgml.of_every_type')
    assert rows == [
        (1, True, "a", [1.5, None], 1),
        (0, False, None, [2.5, 3], None),
        (1, True, "it's", [0, None], 3),
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raising", "the file is damaged"),
        ("no_table", "what it returned, [1, 2, 3], is no table"),
        ("unknown_type", 'the column "when" holds datetime64[us], which has no SQL type here'),
    ],
)
def test_a_data_set_that_cannot_be_loaded_names_its_plugin(session, name, said):
    error = session.refused("SELECT pgml.load_dataset(%s)", name)
    assert error.pgcode == "ML017"
    assert (
        error.diag.message_primary == f"the data set {name} (plugin pgml-data) failed while loading: {said}"
    )
    assert session.value("SELECT to_regclass(%s)", f"pgml.{name}") is None
