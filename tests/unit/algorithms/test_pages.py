"""The pages of the documentation are what the algorithms declare."""

from pathlib import Path

from pgml.plugin import pages

DOCS = Path(__file__).parents[3] / "docs" / "algorithms"


def test_pages_are_up_to_date(tmp_path):
    pages.write(tmp_path)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    checked_in = {path.name: path.read_text() for path in DOCS.iterdir()}
    assert written == checked_in, "run python -m pgml.plugin.pages"
