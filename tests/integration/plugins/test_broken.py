"""Plugins that are broken: a clear error that names the plugin, all else goes on working, and nothing is saved."""

from __future__ import annotations

import time

import psycopg2
import pytest
from sessions import (
    AT_ONCE,
    Session,
    check_clean,
    engines,
    eventually,
    fits,
    group_members,
    meanwhile,
    processes,
)

TABLES = ("projects", "snapshots", "models", "deployments", "artifacts")


def saved(session: Session) -> list[tuple]:
    """How much there is of everything that a training saves."""
    counts = ", ".join(f"(SELECT count(*) FROM pgml_internal.{table})" for table in TABLES)
    snapshots = "(SELECT count(*) FROM pg_class WHERE relname ~ '^snapshot_[0-9]+$')"
    return session.execute(f"SELECT {counts}, {snapshots}")


def train(project: str, algorithm: str, hyperparameters: str = "{}") -> tuple[str, str, str, str]:
    statement = "SELECT pgml.train(%s, 'regression', 'numbers', 'target', %s, %s)"
    return statement, project, algorithm, hyperparameters


@pytest.fixture(autouse=True)
def good(session) -> None:
    """There is a project with a model that works."""
    if not session.execute("SELECT FROM pgml.projects WHERE name = 'good'"):
        session.train("good", "regression", "numbers", "target", "linear")


def refused(session: Session, algorithm: str, hyperparameters: str = "{}") -> psycopg2.Error:
    """Train with an algorithm that must fail; check that it leaves no trace and does no harm to the others."""
    before = saved(session)
    error = session.refused(*train("bad", algorithm, hyperparameters))
    assert saved(session) == before
    assert session.train("good", algorithm="linear")[0] == "good"
    assert session.predict("good", [1, 2, 3]) == pytest.approx(2)
    return error


# -- plugins that cannot be used at all ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "said"),
    [
        (
            "unimportable",
            "pgml-unimportable: it cannot be imported: No module named 'a_library_that_nobody_has'",
        ),
        ("misspelt", "pgml-misspelt: its hooks are not pgml's: unknown hook 'pgml_algoritms'"),
        ("hookless", "pgml-hookless: it implements no hook of pgml"),
        (
            "other_things",
            "pgml-other-things: pgml_algorithms returned 42, which is not an instance of pgml.Algorithm",
        ),
        ("nameless", "pgml-other-things: Nameless has no name"),
        ("aimless", 'pgml-other-things: aimless has the objective "world domination"'),
        ("data", "pgml-other-things: pgml_datasets raised the data are at home"),
    ],
)
def test_an_algorithm_of_a_plugin_that_failed_is_unknown_and_the_error_says_why(session, algorithm, said):
    error = refused(session, algorithm)
    assert error.pgcode == "ML001"
    assert error.diag.message_primary == f'unknown algorithm "{algorithm}" for regression'
    assert said in error.diag.message_detail


def test_what_a_failed_plugin_would_have_provided_is_not_listed(session):
    listed = {name for (name,) in session.execute("SELECT algorithm FROM pgml.algorithms")}
    assert {"linear", "baseline", "nearest"} <= listed
    assert not {"aimless", "rival"} & listed


def test_a_pair_that_is_built_in_stays_so(session):
    assert (
        session.value(
            "SELECT plugin FROM pgml.algorithms WHERE algorithm = 'linear' AND objective = 'regression'"
        )
        == "pgml-core"
    )
    error = session.refused(*train("bad", "unheard_of"))
    assert (
        'pgml-taken: algorithm "linear" for regression is claimed by two plugins, pgml-core and pgml-taken'
        in error.diag.message_detail
    )


def test_a_pair_that_two_strangers_claim_is_neithers(session):
    error = refused(session, "rival")
    assert error.pgcode == "ML017"
    assert error.diag.message_primary == (
        'algorithm "rival" for regression is claimed by two plugins, pgml-rival-one and pgml-rival-two'
    )
    assert error.diag.message_hint == "uninstall one of the two"


def test_a_plugin_that_crashes_when_it_is_imported_is_left_out(connect, plugin_environment):
    (plugin_environment.folder / "crash").touch()
    try:
        session = connect()
        assert session.train("good", algorithm="linear")[0] == "good"
        error = session.refused(*train("bad", "crashing"))
        assert error.pgcode == "ML001"
        assert (
            "pgml-crashing: it ended the engine when it was imported: it was killed by signal 11"
            in error.diag.message_detail
        )
    finally:
        (plugin_environment.folder / "crash").unlink()


# -- algorithms that raise, or return what they must not -----------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("check", "failed while checking its hyperparameters: the sum of all settings is zero"),
        ("estimator", "failed while fitting: libexotic.so.7: cannot open shared object file"),
        ("fit", "failed while fitting: the matrix is singular"),
        ("fit nothing", "failed while fitting: fit returned None"),
        ("exit", "failed while fitting: good bye"),
        ("predict", "failed while predicting: 'colour'"),
        ("compile", "failed while compiling: no such leaf"),
        ("save", "failed while saving the estimator: the disk is full"),
        ("too few predictions", "predicted float64 of shape (14,) for 15 rows"),
        ("a table of predictions", "predicted float64 of shape (15, 2) for 15 rows"),
        ("words", "predicted <U4 of shape (15,) for 15 rows"),
        ("no numbers", "predicted nan"),
        ("compile to nothing known", "failed while compiling: compile returned 'a predictor, honestly'"),
        ("compile to other features", "failed while compiling: 3 feature names for 7 features"),
        ("save to a word", "failed while saving the estimator: save returned 'some text', which is no bytes"),
        ("save a pickle", "failed while saving the estimator: save returned a pickle"),
        ("load", "failed while reading back what it saved: it ends in the middle"),
        ("load another", "failed while predicting with the model that was read back: it differs from the fitted one by"),
        ("load what cannot predict", "failed while predicting with the model that was read back: 'colour'"),
    ],
)
def test_an_algorithm_that_fails(session, where, said):
    error = refused(session, "raising", f'{{"where": "{where}"}}')
    assert error.pgcode == "ML018"
    assert error.diag.message_primary.startswith(f"raising (plugin pgml-raising) {said}")
    assert len(engines(session.pid)) == 1, "the engine lives on"


def test_where_an_algorithm_raised_is_in_the_log_for_its_author(session, plugin_server):
    refused(session, "raising", '{"where": "fit"}')
    log = plugin_server.log.read_text(errors="replace")
    assert "pgml: raising (plugin pgml-raising) failed while fitting" in log
    assert 'pgml_raising.py", line' in log and "ValueError: the matrix\nis   singular" in log
    assert "pgml: the plugin pgml-unimportable cannot be used" in log
    assert "ModuleNotFoundError: No module named 'a_library_that_nobody_has'" in log


def test_an_algorithm_that_interrupts_its_process(session):
    error = refused(session, "raising", '{"where": "interrupt"}')
    assert error.diag.message_primary.startswith("raising (plugin pgml-raising) failed while fitting")


def test_the_same_algorithm_works_when_it_does_not_fail(session):
    assert session.execute(*train("mean", "raising", '{"where": "nowhere"}'))


# -- algorithms that do violence to their process ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ("be_killed", "it was killed by signal 9 (SIGKILL)"),
        ("leave", "it exited with status 3"),
        ("leave_a_child_behind", "it exited with status 4"),
        ("fault", "it was killed by signal 11 (SIGSEGV)"),
    ],
)
def test_an_algorithm_that_ends_its_process(session, how, ending):
    (group,) = engines(session.pid)
    error = refused(session, "violent", f'{{"how": "{how}"}}')
    assert error.pgcode == "ML019"
    assert (
        error.diag.message_primary
        == f"the engine ended while fitting: violent (plugin pgml-violent): {ending}"
    )
    eventually(lambda: not group_members(group))


def test_an_algorithm_that_eats_memory(session):
    error = refused(session, "violent", '{"how": "eat_memory"}')
    assert error.pgcode == "ML018"
    assert (
        error.diag.message_primary
        == "violent (plugin pgml-violent) failed while fitting: there is not enough memory"
    )


@pytest.mark.parametrize("how", ["hang", "hang_deaf"])
def test_an_algorithm_that_hangs_is_named_by_the_timeout(session, how):
    session.execute(*train("warm", "violent"))
    before = saved(session)
    (group,) = engines(session.pid)
    for seconds in (1, 4, 16, 64):  # on a busy machine the fit may not have begun after the first
        session.execute(f"SET statement_timeout = '{seconds}s'")
        started = time.monotonic()
        error = session.refused(*train("bad", "violent", f'{{"how": "{how}"}}'))
        assert time.monotonic() - started < seconds + AT_ONCE
        assert error.pgcode == "57014"
        assert error.diag.message_primary == "canceling statement due to statement timeout"
        if "while fitting" in (error.diag.message_detail or ""):
            break
    assert error.diag.message_detail == "the engine was stopped while fitting: violent (plugin pgml-violent)"
    session.execute("RESET statement_timeout")
    eventually(lambda: not group_members(group) and not engines(session.pid))
    assert saved(session) == before
    assert session.train("good", algorithm="linear")[0] == "good"


def test_an_algorithm_that_hangs_is_named_by_a_cancel(session, connect):
    session.execute(*train("warm", "violent"))
    (group,) = engines(session.pid)
    hanging = meanwhile(session.refused, *train("bad", "violent", '{"how": "hang"}'))
    other = connect()
    eventually(lambda: fits(group, other))
    other.execute("SELECT pg_cancel_backend(%s)", session.pid)
    error = hanging.result(AT_ONCE)
    assert error.pgcode == "57014"
    assert error.diag.message_primary == "canceling statement due to user request"
    assert error.diag.message_detail == "the engine was stopped while fitting: violent (plugin pgml-violent)"


def test_nothing_is_left_of_an_algorithm_that_hangs_in_a_session_that_is_ended(session, connect):
    doomed = connect()
    doomed.execute(*train("warm", "violent"))
    (group,) = engines(doomed.pid)
    hanging = meanwhile(doomed.execute, *train("bad", "violent", '{"how": "hang_deaf"}'))
    eventually(lambda: fits(group, session))
    session.execute("SELECT pg_terminate_backend(%s)", doomed.pid)
    assert isinstance(hanging.exception(AT_ONCE), psycopg2.OperationalError)
    eventually(lambda: not group_members(group))
    assert session.train("good", algorithm="linear")[0] == "good"


def test_an_algorithm_may_print(session, plugin_server):
    assert session.execute(*train("loud", "violent", '{"how": "print_a_lot"}'))
    assert session.predict("loud", [1, 2, 3])
    log = plugin_server.log.read_text(errors="replace")
    assert "hello from the plugin" in log
    assert "written past Python" in log


def test_an_algorithm_may_fork_and_nothing_of_it_outlives_the_session(connect):
    session = connect()
    assert session.execute(*train("forked", "violent", '{"how": "fork"}'))
    (group,) = engines(session.pid)
    assert len(group_members(group)) >= 4
    session.connection.close()
    eventually(lambda: not group_members(group))


def test_a_warning_reaches_the_client_once(session):
    session.notices.clear()
    session.execute(*train("warned", "violent", '{"how": "warn"}'))
    said = ["WARNING:  the solver did not converge", "WARNING:  and another thing"]
    assert [notice.splitlines()[0] for notice in session.notices] == said
    session.execute(*train("warned", "violent", '{"how": "warn"}'))
    assert [notice.splitlines()[0] for notice in session.notices[2:4]] == said, "and once more in the next training"


def test_no_process_without_a_session_is_left(plugin_server):
    """What the tests before this one started has ended: only the server's own processes and sessions are there."""
    server = plugin_server.running.pid
    eventually(
        lambda: (
            not [pid for pid, parent, group in processes() if _is_an_engine(pid) and parent in (1, server)]
        )
    )


def _is_an_engine(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"pgml.engine" in file.read()
    except FileNotFoundError:
        return False


def test_errors_are_clean_in_a_transaction_too(session):
    session.execute("BEGIN")
    session.execute("SAVEPOINT before")
    check_clean(session.refused(*train("bad", "violent", '{"how": "leave"}')))
    session.execute("ROLLBACK TO before")
    session.train("good", algorithm="linear")
    session.execute("COMMIT")
    assert session.value("SELECT count(*) FROM pgml.projects WHERE name = 'bad'") == 0
