"""The process that stops a home's server once nobody has used it for a while.

``python -m lateen.stores.embedded.keeper HOME DATA PID IDLE INTERVAL LOCK USE``, where the last two
are descriptors: one holds the keeper's lock, the other is open on the lock that users share. They
and the server's pid are handed down, since the home may be gone before this process has begun.
"""

from __future__ import annotations

import os
import sys
import time
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path

from . import locks, postmaster
from .place import Place
from .postmaster import Postmaster


class Keeper:
    """Watches the lock that every user of the server shares."""

    def __init__(self, place: Place, server: Postmaster, *, lock: int, use: int) -> None:
        self._place = place
        self._data = Path(server.data)
        self._server: Postmaster | None = server
        self._lock = lock
        self._use = use
        self._seen = 0

    def keep(self, idle: float, interval: float) -> None:
        """Look every ``interval`` seconds; return once the server has ended or been stopped."""
        quiet_since = time.monotonic()
        while True:
            time.sleep(interval)
            if self._is_orphaned():
                self._end()
                return
            if self._has_ended():
                return
            if self._is_used():
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since >= idle and self._stop():
                return

    def _is_orphaned(self) -> bool:
        """Tell whether the home was deleted, moved or unmounted: nobody finds the server there."""
        return not locks.names(self._place.use_lock, self._use)

    def _has_ended(self) -> bool:
        """Tell whether there is no server; if so, the next start also starts a keeper."""
        starting = locks.take_existing(self._place.start_lock)
        if starting is None:
            return False
        try:
            self._server = postmaster.read(self._data)
            if self._server is not None and postmaster.is_alive(self._server):
                return False
            os.close(self._lock)
            return True
        finally:
            os.close(starting)

    def _is_used(self) -> bool:
        """Tell whether somebody holds the lock, or has taken it since the last look."""
        seen, self._seen = self._seen, os.fstat(self._use).st_mtime_ns
        if seen != self._seen or not self._lock_out():
            return True
        flock(self._use, LOCK_UN)
        return False

    def _lock_out(self) -> bool:
        try:
            flock(self._use, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _stop(self) -> bool:
        """Stop the server while no user can come; False where one just came."""
        if not self._lock_out():
            return False
        starting = locks.take_existing(self._place.start_lock)
        if starting is None:
            flock(self._use, LOCK_UN)
            return False
        self._end()
        os.close(self._lock)
        os.close(starting)
        return True

    def _end(self) -> None:
        if self._server is not None:
            postmaster.end(self._server)


def main(arguments: list[str]) -> None:
    """Keep the server that the command line names."""
    home, data, pid, idle, interval, lock, use = arguments
    server = Postmaster(int(pid), data, port="", sockets="", ready=True)
    keeper = Keeper(Place(Path(home)), server, lock=int(lock), use=int(use))
    keeper.keep(float(idle), float(interval))


if __name__ == "__main__":
    main(sys.argv[1:])
