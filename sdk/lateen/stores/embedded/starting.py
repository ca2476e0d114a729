"""Bringing up a home's server and its keeper, once, however many processes ask for it."""

from __future__ import annotations

import os
import select
import shutil
import sys
import time
from pathlib import Path

from lateen.domain.errors import SetupError

from . import cluster, installation, locks, postmaster, sockets
from .account import Account
from .launch import launch
from .place import Place
from .postmaster import Postmaster

START_SECONDS = 120.0
"""Enough for the recovery after a crash."""

ENDING_SECONDS = 1.0
"""For how long a server that ends may still be there after its socket."""

LOG_LIMIT = 1024 * 1024

PASSING = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
"""Why a start fails while another server on the same data is about to end, or to begin."""

NO_PROCESS = b"2147483647"
"""Above the largest pid of any system."""

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_compression": "off",
    "max_wal_size": "256MB",
    "autovacuum": "on",
    "jit": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_checkpoints": "off",
}


def start(place: Place, *, idle: float, interval: float) -> Postmaster:
    """Return the home's server, started if need be, with a keeper; SetupError where that fails."""
    with locks.exclusive(place.start_lock):
        server = postmaster.find(place.data) or _bring_up(place)
        _start_keeper(place, server, idle, interval)
    return server


def _bring_up(place: Place) -> Postmaster:
    account = Account.current()
    chosen = installation.choose(account, place.version())
    data = cluster.provide_directory(place, account) / "data"
    if not data.exists():
        cluster.initialise(data, chosen, account)
    _shorten(place.log)
    command = [chosen.program("postgres"), "-D", str(data)]
    settings = {**SETTINGS, "unix_socket_directories": str(sockets.provide(data, account))}
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    return _start(place, data, command, account)


def _start(place: Place, data: Path, command: list[str], account: Account) -> Postmaster:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        server = _await_other(data, deadline)
        if server is not None:
            return server
        _disown(data)
        sockets.clear(data)
        begin = place.log.stat().st_size if place.log.exists() else 0
        server = _launch_server(place, data, command, account, deadline)
        if server is not None:
            return server
        said = place.log.read_bytes()[begin:].decode(errors="replace").strip()
        if not any(each in said for each in PASSING):
            raise SetupError(
                f"the laptop's database did not start{_if_full(data)}. {place.log} says: {said}"
            )
        time.sleep(0.02)
    raise SetupError(
        f"the laptop's database did not start within {START_SECONDS:.0f} s. Look into {place.log}"
    )


def _if_full(data: Path) -> str:
    free = shutil.disk_usage(data).free
    if free > cluster.LITTLE:
        return ""
    return f": {free >> 20} MB are free in {data}. Make room, then try again"


def _await_other(data: Path, deadline: float) -> Postmaster | None:
    """Wait for a server that is about to begin or to end; None once there is none."""
    ended = time.monotonic() + ENDING_SECONDS
    while (server := postmaster.read(data)) and postmaster.is_alive(server):
        if server.ready and postmaster.answers(server):
            return server
        unreachable = server.ready and not Path(server.address).exists()
        if time.monotonic() > (ended if unreachable else deadline):
            raise SetupError(
                f"the laptop's database runs as process {server.pid}, but nothing answers at "
                f"{server.address}. End that process, then try again"
            )
        time.sleep(0.01)
    return None


def _disown(data: Path) -> None:
    """Let a dead server's lock file name no process, since another may have its pid by now.

    The rest stays: by the key of its shared memory PostgreSQL refuses to start beside processes
    that a killed server left behind.
    """
    lock_file = postmaster.lock_file(data)
    try:
        content, owner = lock_file.read_bytes(), lock_file.stat()
    except FileNotFoundError:
        return
    _, line_end, rest = content.partition(b"\n")
    if not line_end:  # cut short by a crash of the machine, and PostgreSQL would not start
        lock_file.unlink()
        return
    changed = lock_file.with_suffix(".changed")  # or a full disk would cost us the key
    changed.write_bytes(NO_PROCESS + line_end + rest)
    changed.chmod(0o600)
    os.chown(changed, owner.st_uid, owner.st_gid)
    changed.replace(lock_file)


def _launch_server(
    place: Place, data: Path, command: list[str], account: Account, deadline: float
) -> Postmaster | None:
    """Start the server and wait until it takes connections; None where it ended instead."""
    ended, alive = os.pipe()
    try:
        try:
            launch(command, log=place.log, keep=(alive,), identity=account.identity)
        finally:
            os.close(alive)  # now the pipe closes with the server's last process
        watch = select.poll()
        watch.register(ended, 0)
        while time.monotonic() < deadline:
            server = postmaster.find(data)
            if server is not None or watch.poll(5):
                return server
        return None
    finally:
        os.close(ended)


def _start_keeper(place: Place, server: Postmaster, idle: float, interval: float) -> None:
    held = locks.take(place.keeper_lock)
    if held is None:
        return
    package_root = str(Path(__file__).parents[3])
    search = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    use = os.open(place.use_lock, os.O_RDWR)
    arguments = [place.home, place.data.resolve(), server.pid, idle, interval, held, use]
    try:
        launch(
            [sys.executable, "-P", "-m", "lateen.stores.embedded.keeper", *map(str, arguments)],
            log=place.log,
            keep=(held, use),
            environment={**os.environ, "PYTHONPATH": search},
        )
    finally:
        os.close(use)
        os.close(held)  # the keeper has it


def _shorten(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.write_bytes(b"")
