"""The server that is measured: a private one, made for the run, with PostgreSQL's ordinary settings."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from pgml.server.cluster import Cluster
from pgml.server.installation import install_schema

DATABASE = "benchmarks"


@contextmanager
def benchmark_server() -> Iterator[str]:
    """Yield the connection string of an empty database with pgml in it."""
    home = Path(tempfile.mkdtemp(prefix="pgml-bench-"))
    home.chmod(0o755)  # the server's OS user has to enter it
    cluster = Cluster(home, settings={"shared_buffers": "1GB"})
    try:
        cluster.start(address="")
        cluster.create_database(DATABASE)
        for sentence in install_schema(cluster.dsn(DATABASE)):
            print(sentence, file=sys.stderr)  # whether predictions are made in C, and if not, why
        yield cluster.dsn(DATABASE)
    finally:
        cluster.stop()
        shutil.rmtree(home)


def connect(dsn: str) -> psycopg2.extensions.connection:
    """Return a new connection that commits each statement."""
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    return connection
