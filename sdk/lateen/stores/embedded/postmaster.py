"""A running server, as its lock file ``postmaster.pid`` and its socket show it."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGQUIT
from urllib.parse import quote

from lateen.domain.errors import SetupError

USER = "lateen"
DATABASE = "lateen"
FAST_STOP_SECONDS = 60.0
IMMEDIATE_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server's first process, as it wrote itself down."""

    pid: int
    data: str
    port: str
    sockets: str
    """The socket's directory; empty until it listens."""
    ready: bool

    @property
    def url(self) -> str:
        # The port is named, or libpq would take it from PGPORT.
        return (
            f"postgresql://{USER}@/{DATABASE}?host={quote(self.sockets, safe='')}&port={self.port}"
        )

    @property
    def address(self) -> str:
        return f"{self.sockets}/.s.PGSQL.{self.port}"


def find(data: Path) -> Postmaster | None:
    """Return the server on this data directory if it takes connections.

    One that was killed may still seem to: a process that it was just forking holds its socket.
    """
    server = read(data)
    return server if server and server.ready and answers(server) and is_alive(server) else None


def read(data: Path) -> Postmaster | None:
    """Return what the lock file says, which outlives a server that was killed."""
    try:
        lines = os.fsdecode(lock_file(data).read_bytes()).splitlines()
    except FileNotFoundError:
        return None
    if not lines:
        return None
    lines += [""] * (8 - len(lines))
    return Postmaster(int(lines[0]), lines[1], lines[3], lines[4], lines[7].strip() == "ready")


def lock_file(data: Path) -> Path:
    """Return where PostgreSQL says which process serves a data directory."""
    return data / "postmaster.pid"


def answers(server: Postmaster) -> bool:
    """Tell whether somebody listens, which a reused pid cannot fake."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5.0)
        try:
            probe.connect(server.address)
        except BlockingIOError:  # its queue of connections is full
            return True
        except OSError:
            return False
        return True


def is_alive(server: Postmaster) -> bool:
    """Tell whether the process with that pid is a server on that data directory."""
    words = _command(server.pid)
    return server.data in words and "postgres" in words.split(server.data)[0]


def _command(pid: int) -> str:
    if os.path.exists("/proc/self/cmdline"):
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return ""
    import subprocess

    listing = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout


def halt(data: Path) -> bool:
    """Stop the server on this data directory and wait for its end; False where none ran."""
    server = read(data)
    return server is not None and end(server)


def end(server: Postmaster) -> bool:
    """Stop this server and wait for its end; False where it had ended; SetupError if it stays."""
    if not is_alive(server):
        return False
    for signal, seconds in ((SIGINT, FAST_STOP_SECONDS), (SIGQUIT, IMMEDIATE_STOP_SECONDS)):
        try:
            os.kill(server.pid, signal)
        except ProcessLookupError:
            return True
        if _ends(server, seconds):
            return True
    raise SetupError(
        f"the laptop's database (process {server.pid}) does not stop. End that process, then "
        "try again"
    )


def _ends(server: Postmaster, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(server):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
