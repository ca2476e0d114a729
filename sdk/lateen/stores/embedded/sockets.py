"""The directory of the server's Unix socket, whose path the kernel limits to about 100 bytes."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from lateen.domain.errors import SetupError

from .account import Account

LONGEST = 100
NAME = ".s.PGSQL.5432"


def provide(data: Path, account: Account) -> Path:
    """Make the directory: beside the data, or in ``/tmp`` where that path is too long."""
    directory = data.parent / "run"
    if _fits(directory):
        account.make_private(directory)
        return directory
    directory = fallback(data)
    account.make_private(directory)
    _require_private(directory, account)
    return directory


def fallback(data: Path) -> Path:
    """Return the short directory that belongs to this data directory and user alone."""
    digest = sha256(os.fsencode(data)).hexdigest()
    return Path(f"/tmp/lateen-{os.geteuid()}-{digest[:12]}")


def clear(data: Path) -> None:
    """Remove the socket of a dead server, whose pid in its lock file may be another's by now."""
    for directory in (data.parent / "run", fallback(data)):
        for name in (NAME, f"{NAME}.lock"):
            (directory / name).unlink(missing_ok=True)


def _fits(directory: Path) -> bool:
    # PostgreSQL takes a list of directories, so commas and quotes would have to be escaped.
    path = os.fsencode(directory / NAME)
    return len(path) < LONGEST and not set(b",\"'\\\n") & set(path)


def _require_private(directory: Path, account: Account) -> None:
    """Refuse a directory that somebody else has put into ``/tmp`` under this name."""
    entry = directory.lstat()
    if directory.is_symlink() or entry.st_uid != account.uid or entry.st_mode & 0o077:
        raise SetupError(
            f"the database's socket needs the private directory {directory}, which somebody else "
            "has made. Remove it, or set LATEEN_HOME to a directory with a shorter path"
        )
