"""One home's server: started when it is needed, looked at, stopped and removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lateen.domain.errors import CatalogUnavailable, SetupError

from . import locks, postmaster
from .place import Place

IDLE_SECONDS = 600.0
INTERVAL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a home's server without touching it."""

    running: bool
    pid: int | None
    data: Path
    url: str | None
    log: Path
    version: str | None
    """PostgreSQL's major version that the data belongs to; none before the first start."""


def ensure_running(
    home: Path, *, idle: float = IDLE_SECONDS, interval: float = INTERVAL_SECONDS
) -> str:
    """Return the URL of the home's server, which runs at least as long as this process.

    ``idle`` is how many seconds it stays up unused, ``interval`` how often its keeper looks; both
    hold only where this call starts the keeper. Raises SetupError where it cannot be started.
    """
    place = Place.of(home)
    with _explained(place):
        place.prepare()
        locks.hold(place.use_lock)
        server = postmaster.find(place.data)
        if server is None or locks.is_free(place.keeper_lock):
            from . import starting

            server = starting.start(place, idle=idle, interval=interval)
    return server.url


def revive(home: Path, url: str) -> None:
    """Start the server that was at the URL again, where it has ended.

    Raises CatalogUnavailable where it cannot be started, or the home has no such data any more.
    """
    try:
        # Another's data, and none at all, would be a catalog that this process has not prepared.
        if _has_data(Place.of(home)) and ensure_running(home) == url:
            return
    except SetupError as error:
        raise CatalogUnavailable(str(error)) from None
    raise CatalogUnavailable(
        f"the laptop's database that this process has used is not in {home} any more: it was "
        "removed, moved or unmounted. Bring it back, or start the process anew to use what is there"
    )


def _has_data(place: Place) -> bool:
    with _explained(place):
        return place.exists() and place.version() is not None


def stop(home: Path) -> bool:
    """Stop the home's server, cutting off its clients; False where none ran.

    Raises SetupError where the home belongs to another user.
    """
    place = Place.of(home)
    with _explained(place):
        if not place.exists():
            return False
        with locks.exclusive(place.start_lock):
            return postmaster.halt(place.data)


def status(home: Path) -> Status:
    """Tell how the home's server does; SetupError where the home belongs to another user."""
    place = Place.of(home)
    with _explained(place):
        server = postmaster.find(place.data) if place.exists() else None
        return Status(
            running=server is not None,
            pid=server.pid if server else None,
            data=place.data.resolve(),
            url=server.url if server else None,
            log=place.log,
            version=place.version() if place.exists() else None,
        )


def remove(home: Path) -> None:
    """Stop the home's server and delete its data for good, wherever that lies.

    Raises SetupError where the home belongs to another user.
    """
    import shutil

    from . import sockets

    place = Place.of(home)
    with _explained(place):
        if not place.exists():
            return
        with locks.exclusive(place.start_lock):
            postmaster.halt(place.data)
            shutil.rmtree(sockets.fallback(place.data.resolve()), ignore_errors=True)
            if place.cluster.exists():
                shutil.rmtree(place.cluster.resolve())
            shutil.rmtree(place.directory)


@contextmanager
def _explained(place: Place) -> Iterator[None]:
    """Turn an error of the file system into one that says what to do."""
    try:
        yield
    except OSError as error:
        where = error.filename or place.directory
        raise SetupError(
            f"the laptop's database lives in {place.directory}, but {where}: "
            f"{error.strerror or error}. Give that place room and write access, or set "
            "LATEEN_HOME to a directory that you can write"
        ) from error
