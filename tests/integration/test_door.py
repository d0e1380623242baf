"""What the module in C is built from: the headers of the server, which are fetched where they are not installed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pgml.errors import ServerError
from pgml.server.door import headers
from pgml.server.postgres import Postgres


@pytest.fixture(autouse=True)
def not_installed(monkeypatch):
    monkeypatch.setattr(Postgres, "headers", None)


def test_two_commands_at_once_fetch_the_headers(cluster, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    version = cluster.postgres.version
    try:
        with ThreadPoolExecutor(3) as pool:
            found = set(pool.map(headers, [version] * 3))
    except ServerError as error:
        pytest.skip(f"they are not to be had here: {error}")
    [folder] = found
    assert (folder / "postgres.h").is_file()
    assert os.listdir(tmp_path / "pgml" / "headers") == [str(version)]


def test_what_keeps_them_from_being_fetched_is_said(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match="pgml/headers/15 cannot be made for the server's development headers: Not a directory") as error:
        headers(15)
    assert error.value.hint.startswith("apt-get install postgresql-server-dev-15")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ServerError, match="cannot be fetched: .*postgresql-server-dev-3"):
        headers(3)
    assert os.listdir(tmp_path / "pgml" / "headers") == []
