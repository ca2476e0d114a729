"""The server's data directory, made on first use."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lateen.domain.errors import SetupError

from . import launch, outside
from .account import Account
from .installation import Installation
from .place import Place
from .postmaster import DATABASE, USER

ROOM = 128 * 1024 * 1024
"""A new data directory takes 40 MB, and its logs of changes come in files of 16 MB."""

LITTLE = 16 * 1024 * 1024


def provide_directory(place: Place, account: Account) -> Path:
    """Return the server's own directory, which is elsewhere if the account cannot reach the home.

    Its name is new each time one is made: where a home is deleted and made again, the old server
    removes its socket as late as a minute after, and must not remove the new one's.
    """
    if not place.cluster.is_symlink():
        place.cluster.symlink_to(_make_directory(place.directory, account))
    if not place.cluster.exists():
        raise SetupError(
            f"the database of {place.home} was kept in {place.cluster.readlink()}, which is gone. "
            f"Restore it, or remove {place.directory} to begin with an empty one; where that "
            "directory does not last, set LATEEN_HOME to one that all users can pass through"
        )
    return place.cluster.resolve()


def _make_directory(directory: Path, account: Account) -> Path:
    identifier = os.urandom(4).hex()
    if account.reaches(directory.resolve()):
        account.make_private(directory / identifier)
        return Path(identifier)  # relative, so that a home can be moved
    elsewhere = outside.provide(account) / identifier
    account.make_private(elsewhere)
    return elsewhere


def initialise(data: Path, installation: Installation, account: Account) -> None:
    """Make the data directory with its database; whole or not at all, even when killed."""
    _require_room(data.parent)
    partial = data.with_name("data.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _execute(
        [
            installation.program("initdb"),
            f"--pgdata={partial}",
            f"--username={USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ],
        account,
    )
    _execute(
        [installation.program("postgres"), "--single", "-F", "-D", str(partial), "postgres"],
        account,
        statement=f"CREATE DATABASE {DATABASE}\n",
    )
    partial.rename(data)


def _require_room(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < ROOM:
        raise SetupError(
            f"the laptop's database needs {ROOM >> 20} MB in {directory} to begin with, and "
            f"{free >> 20} MB are free. Make room, or set LATEEN_HOME to a larger disk"
        )


def _execute(command: list[str], account: Account, statement: str = "") -> None:
    result = subprocess.run(
        command,
        input=statement,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=launch.PLAIN_ENVIRONMENT,
        start_new_session=True,  # or Ctrl-C would reach it before us
        **account.identity,
    )
    if result.returncode or "ERROR:" in result.stderr:
        raise SetupError(
            f"the laptop's database could not be made by {command[0]}: {result.stderr.strip()}"
        )
