"""The command line, the rules for where its server lives, and the programs it finds; no server needed."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pgml import cli
from pgml.errors import ServerError
from pgml.server import postgres
from pgml.server.cluster import default_home
from pgml.server.doctor import Finding
from pgml.server.passwords import PasswordFile
from pgml.server.postmaster import check_port_free, socket_folder


def test_help_lists_every_command_with_its_sentence(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, command in cli.COMMANDS.items():
        assert f"{name} {command.run.__doc__.strip()}" in shown


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["upp"])
    assert ended.value.code == 2
    assert "invalid choice: 'upp'" in capsys.readouterr().err


def test_a_reader_that_has_read_enough_is_no_fault():
    program = "import sys; from pgml import cli; sys.exit(cli.main(['plugins']))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["up", "--port", "0"], "a port is a number from 1 to 65535, not '0'"),
        (["up", "--port", "99999"], "a port is a number from 1 to 65535, not '99999'"),
        (["up", "--password-file", "/nowhere"], "cannot read /nowhere: No such file or directory"),
        (["doctor", "my_database"], "a connection string is written as dbname=my_database or postgresql://"),
        (["install", "my_database"], "a connection string is written as dbname=my_database or postgresql://"),
    ],
)
def test_an_argument_that_cannot_be_is_refused(capsys, words, rule):
    with pytest.raises(SystemExit):
        cli.main(words)
    assert rule in capsys.readouterr().err


def test_what_cannot_work_is_said_in_one_sentence(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("PGML_HOME", str(tmp_path / "none"))
    assert cli.main(["psql"]) == 1
    assert capsys.readouterr().err == "pgml: the server does not run\nTry: pgml up\n"
    assert cli.main(["status"]) == 3
    assert capsys.readouterr().out == f"There is no server in {tmp_path / 'none'}: pgml up makes one.\n"
    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == f"There is no server in {tmp_path / 'none'}.\n"
    assert not (tmp_path / "none").exists()


def test_the_server_lives_beside_a_checkouts_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("PGML_HOME", raising=False)
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "install.sql").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert default_home() == tmp_path / ".pgml"
    monkeypatch.setenv("PGML_HOME", str(tmp_path / "elsewhere"))
    assert default_home() == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("user", "variables", "expected"),
    [
        (1000, {}, "/home/ann/.local/share/pgml"),
        (1000, {"XDG_DATA_HOME": "/data"}, "/data/pgml"),
        (0, {}, "/var/lib/pgml"),
    ],
)
def test_the_server_of_any_other_environment_is_its_users(monkeypatch, user, variables, expected):
    for name in ("PGML_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ann", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr(sys, "prefix", "/opt/environment")
    assert default_home() == Path(expected)


def test_the_socket_is_in_the_home_as_long_as_its_path_is_short():
    assert socket_folder(Path("/srv/pgml")) == Path("/srv/pgml/run")
    short, other = socket_folder(Path("/srv") / ("a" * 90)), socket_folder(Path("/srv") / ("b" * 90))
    assert short != other
    assert len(str(short)) < 40


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with no PostgreSQL but what the test puts there."""
    monkeypatch.setattr(postgres, "_BIN_FOLDERS", (f"{tmp_path}/*/bin",))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    def add(version: int, plpython: bool) -> None:
        folder = tmp_path / str(version)
        (folder / "bin").mkdir(parents=True)
        (folder / "lib").mkdir()
        for name in ("postgres", "initdb"):
            program = folder / "bin" / name
            program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.4'\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        if plpython:
            (folder / "lib" / "plpython3.so").touch()

    return add


def test_no_postgresql(machine):
    with pytest.raises(ServerError, match="PostgreSQL is not installed") as missing:
        postgres.find()
    assert missing.value.hint == "apt-get install postgresql"


def test_no_plpython(machine):
    machine(16, plpython=False)
    with pytest.raises(ServerError, match="PostgreSQL 16 has no PL/Python") as missing:
        postgres.find()
    assert missing.value.hint == "apt-get install postgresql-plpython3-16"


def test_the_newest_with_plpython_is_found(machine):
    for version, plpython in ((9, True), (15, True), (16, True), (17, False)):
        machine(version, plpython)
    assert [found.version for found in postgres.installed()] == [17, 16, 15, 9]
    assert postgres.find().version == 16
    assert postgres.find(15).version == 15
    with pytest.raises(ServerError, match="PostgreSQL 14, which made this server's data, is not installed"):
        postgres.find(14)


@pytest.mark.parametrize("password", ["plain", "with:colon", "back\\slash", "it's \\: both"])
def test_the_password_file_keeps_any_password(tmp_path, password):
    file = PasswordFile(tmp_path / "pgpass")
    assert file.password is None and file.port is None
    assert file.keep(5433, password) == password
    assert file.password == password
    assert file.keep(5434) == password
    assert file.port == 5434


def test_passwords_are_random(tmp_path):
    first, second = (PasswordFile(tmp_path / name).keep(5433) for name in "ab")
    assert first != second
    assert len(first) >= 32


def test_an_address_that_is_not_of_this_machine():
    with pytest.raises(ServerError, match="cannot listen on 203.0.113.1, port 5433"):
        check_port_free("203.0.113.1", 5433)


def test_findings_say_what_helps():
    assert str(Finding("PostgreSQL 15")) == "ok       PostgreSQL 15"
    missing = str(Finding("no PostgreSQL", there=False, remedy="apt-get install postgresql"))
    assert " ".join(missing.split()) == "MISSING no PostgreSQL → apt-get install postgresql"
    assert str(Finding("no C module", there=False, needed=False)).startswith("note ")
