"""Processes that outlive the one that starts them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .account import Identity

PLAIN_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
"""For PostgreSQL's programs, which would also read PGDATA, PGPORT and the user's locale."""


def launch(
    command: list[str],
    *,
    log: Path,
    keep: tuple[int, ...],
    environment: Mapping[str, str] = PLAIN_ENVIRONMENT,
    identity: Identity | None = None,
) -> None:
    """Start a command in a session of its own, with no descriptor of ours but ``keep``.

    The shell in between ends at once, so that the process is never a child of ours: we would
    have to reap it, and until then it would look alive to others.
    """
    with log.open("ab") as output:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=keep,
            start_new_session=True,
            cwd="/",
            env=environment,
            check=True,
            **(identity or {}),
        )
