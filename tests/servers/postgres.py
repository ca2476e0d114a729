"""A PostgreSQL server of Debian's package, on a Unix socket in a directory of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from lateen.stores.embedded.account import Account

on_every_postgres = pytest.mark.parametrize("server", [15, 18], indirect=True)
"""Runs a test on Debian's and on the wheel's, whose URL is the fixture ``server``."""
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "timezone": "UTC",
}


def provided(major: int) -> Path | None:
    """The folder of the programs of that version."""
    folder = Path(f"/usr/lib/postgresql/{major}/bin")
    return folder if (folder / "postgres").exists() else None


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """The URL of a new server, which is gone afterwards."""
    account = Account.current()  # PostgreSQL refuses to run as root
    directory = Path(tempfile.mkdtemp(prefix="lateen-postgres-"))
    os.chown(directory, account.uid, account.gid)

    def execute(program: str, *words: str) -> None:
        subprocess.run(
            [str(programs / program), "-D", str(directory / "data"), *words],
            stdout=subprocess.DEVNULL,
            cwd=directory,
            env={"LC_ALL": "C", "PATH": os.defpath},
            check=True,
            **account.identity,
        )

    try:
        execute("initdb", "--username=lateen", "--auth=trust", "--encoding=UTF8", "--no-sync")
        settings = {**SETTINGS, "unix_socket_directories": str(directory)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        execute("pg_ctl", "start", "--wait", f"--log={directory / 'log'}", f"--options={options}")
        try:
            yield f"postgresql://lateen@/postgres?host={quote(str(directory), safe='')}&port=5432"
        finally:
            execute("pg_ctl", "stop", "--mode=immediate")
    finally:
        shutil.rmtree(directory)
