"""The scripts say in one sentence what is in their way, before they do anything."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT_POSTGRES = "mount -t tmpfs none /usr/lib/postgresql && mount -t tmpfs none /var/lib/apt/lists"
ISOLATED = ["unshare", "--mount", "sh", "-c"]

bare = pytest.mark.skipif(
    os.geteuid() != 0
    or subprocess.run([*ISOLATED, WITHOUT_POSTGRES], capture_output=True, check=False).returncode != 0,
    reason="only root may hide PostgreSQL and apt's lists from a process, and not in every container",
)


@pytest.fixture
def checkout(server_folder: Path) -> Iterator[Path]:
    """A copy of the scripts in a folder whose name has a space."""
    folder = server_folder / "a checkout"
    shutil.copytree(ROOT / "script", folder / "script")
    yield folder
    shutil.rmtree(folder)


def programs(folder: Path, *missing: str) -> str:
    """Return a PATH on which all programs are but those that are missing."""
    folder.mkdir()
    for place in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for program in Path(place).iterdir():
            if program.name not in missing and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    folder.chmod(0o755)
    return str(folder)


def run(*command: str, **options: object) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    return done.returncode, done.stderr


def test_a_port_that_is_taken_is_told_before_anything_is_installed(checkout: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (["--port", str(port)], [f"--port={port}"]):
            status, said = run(str(checkout / "script" / "demo"), *arguments)
            assert said == (
                f"script/demo: port {port} is taken by another program: choose another one, script/demo --port {port + 1}\n"
            )
            assert status == 1
    assert not (checkout / ".venv").exists()


def test_the_port_that_the_server_had_is_the_one_looked_at(checkout: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (checkout / ".pgml").mkdir()
        (checkout / ".pgml" / "pgpass").write_text(f"127.0.0.1:{port}:*:postgres:secret\n")
        status, said = run(str(checkout / "script" / "demo"))
    assert status == 1
    assert f"port {port} is taken" in said


@pytest.mark.parametrize("word", ["", "many", "-1", "54 33"])
def test_a_port_is_a_number(checkout: Path, word: str):
    status, said = run(str(checkout / "script" / "demo"), f"--port={word}")
    assert status == 1
    assert said.startswith("script/demo: a port is a number from 1 to 65535")


@bare
def test_without_apt_the_packages_are_named(checkout: Path, server_folder: Path):
    path = programs(server_folder / "no apt", "apt-get", "apt-cache")
    status, said = run(*ISOLATED, f'{WITHOUT_POSTGRES} && PATH="{path}" exec "{checkout}/script/setup"')
    assert status == 1
    assert said.startswith("script/setup: there is no apt-get here: install what Debian has as postgresql-")
    assert said.count("\n") == 1


@bare
def test_without_sudo_and_lists_of_packages_the_command_for_root_is_named(
    checkout: Path, server_folder: Path
):
    path = programs(server_folder / "no sudo", "sudo")
    somebody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    status, said = run(
        *ISOLATED, f'{WITHOUT_POSTGRES} && PATH="{path}" exec {somebody} "{checkout}/script/setup"'
    )
    assert status == 1
    assert said.startswith(
        "script/setup: there is no sudo here: let root run 'apt-get update && apt-get install postgresql-"
    )
    assert said.count("\n") == 1


def test_another_system_is_named_by_its_release():
    for word in ("", "12", "../bookworm"):
        status, said = run(str(ROOT / "script" / "test-on"), word)
        assert (status, said) == (
            1,
            "script/test-on: name a release of Debian, such as bookworm, trixie or sid\n",
        )
