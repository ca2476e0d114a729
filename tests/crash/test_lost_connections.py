"""Connections are lost, answers are lost, the server goes away: what was asked for happens once."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from lateen import Client
from lateen.domain.errors import CatalogUnavailable, SetupError
from lateen.domain.states import RunPhase
from lateen.local import target
from lateen.step.boundaries import Boundary, watched
from lateen.stores import embedded
from lateen.stores.catalog import connections
from lateen.stores.catalog.catalog import Catalog
from tests.catalogs.proxy import Proxy
from tests.crash.once import once
from tests.crash.pipelines import training
from tests.crash.states import check_all_ended, check_nothing_half

PASSWORD = "s3cret-word"

CUT_OFF = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE application_name = 'lateen' AND datname = current_database()
"""
MADE = """
SELECT a.name, count(*) FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id
 GROUP BY a.name ORDER BY a.name
"""
ONE_OF_EACH = [(name, 1) for name in ("external", "numbers", "size", "summary", "trained")]


def check_once(workspace: Any, run: Any) -> None:
    """The run went as if nothing had happened."""
    assert run.status is RunPhase.SUCCEEDED
    assert [len(step.attempts) for step in run.steps.values()] == [1, 1]
    assert workspace.rows(MADE) == ONE_OF_EACH
    assert Client().get_model_version("m", "production").number == 1
    check_nothing_half(workspace)
    check_all_ended(workspace)


def test_a_connection_lost_at_any_boundary_costs_a_repetition_and_no_more(workspace: Any) -> None:
    left = set(Boundary)

    def cut_off(boundary: Boundary) -> None:
        if boundary in left:
            left.remove(boundary)
            workspace.rows(CUT_OFF)

    with watched(cut_off):
        check_once(workspace, training())
    assert Boundary.PUBLISH_COMMITTED not in left


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="lateen-") as folder:
        yield Path(folder)


@pytest.mark.parametrize("delivered", [False, True], ids=["lost on its way", "its answer lost"])
@pytest.mark.parametrize(
    "query", ["start-run", "COMMIT", "begin_attempt", "lease_blobs", "commit_attempt", "finish_run"]
)
def test_what_is_lost_on_the_network_happens_once(
    workspace: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    delivered: bool,
) -> None:
    text = {"start-run": b"SET phase = 'Running', started_at", "COMMIT": b"COMMIT\0"}
    with Proxy(workspace.url, folder, text.get(query, query.encode()), delivered) as network:
        monkeypatch.setenv("LATEEN_DATABASE_URL", network.url)
        check_once(workspace, training())
        target.default().close()
    assert network.cut


@pytest.mark.parametrize("boundary", ["resolve.recorded", "session.read", "cache.committing"])
@pytest.mark.parametrize("delivered", [False, True], ids=["lost on its way", "its answer lost"])
def test_a_transaction_whose_commit_is_lost_is_settled(
    workspace: Any,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    boundary: str,
    delivered: bool,
) -> None:
    if boundary == "cache.committing":
        training(rate=1.0)
    with Proxy(workspace.url, folder, b"\0nothing yet", delivered) as network, ExitStack() as over:
        over.callback(lambda: target.default().close())
        monkeypatch.setenv("LATEEN_DATABASE_URL", network.url)

        def arm() -> None:
            network.query = b""  # the next one, which is the commit

        with watched(once(Boundary(boundary), arm)):
            run = training(rate=2.0)
        assert network.cut
    assert run.status is RunPhase.SUCCEEDED
    assert run.steps["load"].cached == (boundary == "cache.committing")
    check_nothing_half(workspace)
    check_all_ended(workspace)


@pytest.mark.parametrize("delivered", [False, True], ids=["lost on its way", "its answer lost"])
def test_a_version_saved_outside_of_a_step_is_made_once(
    workspace: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, delivered: bool
) -> None:
    from lateen import save_artifact

    with Proxy(workspace.url, folder, b"publish_alone", delivered) as network:
        monkeypatch.setenv("LATEEN_DATABASE_URL", network.url)
        assert save_artifact([1, 2], "alone").number == 1
        target.default().close()
    assert network.cut
    assert workspace.rows(MADE) == [("alone", 1)]


def test_a_runner_takes_its_lock_again_when_the_session_that_held_it_is_lost(
    workspace: Any,
) -> None:
    mine, other = Catalog(workspace.url), Catalog(workspace.url)
    run = "00000000-0000-0000-0000-000000000001"
    with mine.runs.lock(run) as lock:
        assert lock
        workspace.rows(CUT_OFF)
        lock.keep()
        with other.runs.lock(run) as taken:
            assert not taken
    with other.runs.lock(run) as taken:
        assert taken
    mine.close()
    other.close()


# A server of one's own, which is stopped


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that does not answer is waited for, but not for long."""
    monkeypatch.setattr(connections, "CONNECTION_SECONDS", 0.3)


@pytest.fixture
def own_server(
    workspace: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], str]]:
    """Starts the server of a home of our own, which is the default target's catalog."""

    def start() -> str:
        parts = urlsplit(embedded.ensure_running(folder))
        return urlunsplit(parts._replace(netloc=f"{parts.username}:{PASSWORD}@"))

    monkeypatch.setenv("LATEEN_DATABASE_URL", start())
    yield start
    start()
    target.default().close()
    embedded.remove(folder)


def test_a_server_that_starts_anew_while_a_step_commits_is_waited_for(
    own_server: Callable[[], str], folder: Path
) -> None:
    starting = threading.Thread(target=own_server)

    def restart() -> None:
        embedded.stop(folder)
        starting.start()

    with watched(once(Boundary.PUBLISH_COMMITTING, restart)):
        run = training()
    starting.join()
    assert run.status is RunPhase.SUCCEEDED
    assert [len(step.attempts) for step in run.steps.values()] == [1, 1]
    assert Client().get_artifact_version("numbers").number == 1


def test_a_server_that_stays_away_ends_the_run_and_is_named_without_its_password(
    impatient: None, own_server: Callable[[], str], folder: Path
) -> None:
    import traceback

    watch = once(Boundary.PUBLISH_COMMITTING, lambda: embedded.stop(folder))
    with watched(watch), pytest.raises(CatalogUnavailable, match="cannot be reached") as caught:
        training()
    assert "try again" in str(caught.value)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    own_server()
    run = training()
    assert run.status is RunPhase.SUCCEEDED
    lost = Client().get_pipeline("training").runs[0]
    assert (lost.status, lost.reason) == (RunPhase.FAILED, "Lost")


# The laptop's server, which is started by whoever needs it


@pytest.fixture
def laptop(workspace: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a server of its own, which the default target uses and nothing waits for."""
    monkeypatch.setattr(connections, "CONNECTION_SECONDS", 0.0)
    monkeypatch.delenv("LATEEN_DATABASE_URL")
    monkeypatch.setenv("LATEEN_HOME", str(folder / "home"))
    yield folder / "home"
    target.default().close()
    embedded.remove(folder / "home")


def kill(home: Path) -> None:
    """Ends the server at once, and waits until its process is no more."""
    pid = embedded.status(home).pid
    assert pid is not None
    process = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([process], [], [])
    os.close(process)


@pytest.mark.parametrize("end", [kill, embedded.stop], ids=["killed", "stopped"])
def test_a_process_that_lives_on_starts_its_dead_server_again_as_often_as_it_dies(
    laptop: Path, end: Callable[[Path], object]
) -> None:
    for number in (1, 2, 3):
        assert training().status is RunPhase.SUCCEEDED
        assert Client().get_artifact_version("numbers").number == 1
        end(laptop)
        assert len(Client().list_pipeline_runs()) == number


def test_a_server_that_is_killed_while_a_step_commits_is_started_by_its_run(laptop: Path) -> None:
    with watched(once(Boundary.PUBLISH_COMMITTING, lambda: kill(laptop))):
        run = training()
    assert [len(step.attempts) for step in run.steps.values()] == [1, 1]
    assert Client().get_artifact_version("numbers").number == 1


def test_threads_that_find_the_server_dead_together_start_one(laptop: Path) -> None:
    training()
    kill(laptop)
    ready = threading.Barrier(8)

    def look(_: int) -> int:
        ready.wait()
        return int(Client().get_artifact_version("numbers").number)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look, range(8))) == [1] * 8
    log = embedded.status(laptop).log.read_text()
    assert log.count("ready to accept connections") == 2


def test_a_fork_of_a_process_starts_the_dead_server_for_both(laptop: Path) -> None:
    training()
    kill(laptop)
    child = os.fork()
    if child == 0:
        try:
            os._exit(int(Client().get_artifact_version("numbers").number) - 1)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    pid = embedded.status(laptop).pid
    assert Client().get_artifact_version("numbers").number == 1
    assert embedded.status(laptop).pid == pid is not None


def test_a_home_that_is_gone_is_told_and_no_empty_one_takes_its_place(
    laptop: Path, folder: Path
) -> None:
    training()
    embedded.stop(laptop)
    laptop.rename(folder / "elsewhere")
    with pytest.raises(CatalogUnavailable, match=r"not in .*/home any more.*Bring it back"):
        Client().get_artifact_version("numbers")
    assert not laptop.exists()
    embedded.ensure_running(laptop)
    with pytest.raises(CatalogUnavailable, match=r"not in .*/home any more.*Bring it back"):
        Client().get_artifact_version("numbers")
    embedded.remove(laptop)
    laptop.rmdir()
    (folder / "elsewhere").rename(laptop)
    assert Client().get_artifact_version("numbers").number == 1


def test_a_server_of_the_users_own_is_never_started(
    impatient: None,
    own_server: Callable[[], str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LATEEN_HOME", str(folder))
    training()
    embedded.stop(folder)
    with pytest.raises(CatalogUnavailable, match="LATEEN_DATABASE_URL"):
        Client().list_pipeline_runs()
    assert not embedded.status(folder).running


# Secrets


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (f"postgresql://me:{PASSWORD}@127.0.0.1:1/db", CatalogUnavailable),
        (f"postgresql://me:{PASSWORD}@/db?host=/nowhere", CatalogUnavailable),
        (f"postgresql://me:p@{PASSWORD}@host/db", SetupError),
        (f"postgresql://me:p/{PASSWORD}@host/db", SetupError),
        (f"postgresql://me:p%{PASSWORD}@host/db", SetupError),
        (f"postgresql://me:{PASSWORD} word@host/db", SetupError),
        (f"postgresql://me:{PASSWORD}@[::1/db", SetupError),
        (f"mysql://me:{PASSWORD}@host/db", SetupError),
        (f"me:{PASSWORD}@host/db", SetupError),
        (f"host=/nowhere {PASSWORD}", SetupError),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_without_its_password(
    impatient: None,
    workspace: Any,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    error: type[Exception],
) -> None:
    import traceback

    monkeypatch.setenv("LATEEN_DATABASE_URL", url)
    with pytest.raises(error, match="LATEEN_DATABASE_URL") as caught:
        training()
    told = "".join(traceback.format_exception(caught.value)) + repr(target.default().home)
    assert PASSWORD not in told
