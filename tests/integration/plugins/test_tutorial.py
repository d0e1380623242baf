"""The tutorial for plugin authors, from pip install to its last statement."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest
from sessions import Session
from tutorial import blocks, write_files


def test_the_statements_of_the_tutorial_do_what_it_says(connect, plugin_environment, tmp_path: Path):
    folder = tmp_path / "pgml-pls"
    folder.mkdir()
    write_files(folder)
    plugin_environment.install_package(folder)
    session: Session = connect()
    pages = [(block.language, block.text) for block in blocks() if block.language in ("sql", "text")]
    for (language, text), (following, expected) in zip(pages, [*pages[1:], ("", "")], strict=True):
        if language == "sql" and following == "text":
            with pytest.raises(psycopg2.Error) as refused:
                session.execute(text)
            assert f"ERROR:  {refused.value.diag.message_primary}" == expected.strip()
        elif language == "sql":
            session.execute(text)
    assert (
        session.execute("SELECT algorithm_name, plugin_name, served_by FROM pgml.models ORDER BY id")
        == [("partial_least_squares", "pgml-pls", "backend")] * 2
    )
    names = session.execute("SELECT name FROM pgml.hyperparameters('partial_least_squares', 'regression')")
    assert names == [("n_components",), ("scale",)]
