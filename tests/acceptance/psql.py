"""Run SQL through psql as a reader of the documentation would."""

from __future__ import annotations

import subprocess

from pgml.server.postgres import find


def psql(dsn: str, script: str | None = None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run psql on a script's text, or with ``arguments``; what it prints, errors among it, is in ``stdout``."""
    command = [find().program("psql"), "--no-psqlrc", "--quiet", "-d", dsn]
    return subprocess.run(
        [*command, *arguments], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
