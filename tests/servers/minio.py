"""A MinIO server, built once by the ordinary Go client."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers.s3_service import ACCESS_KEY, SECRET_KEY, S3Service, started

MODULE = "github.com/minio/minio@latest"
REMEDY = "install Go, then run: python -m tests.servers"


def binary() -> Path:
    """Where the server's program is, or will be."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "lateen-tests", "bin", "minio")


def provided() -> Path | None:
    """The program, built where it is absent, which takes minutes; None where Go is absent too."""
    if not binary().exists() and shutil.which("go"):
        _build(binary())
    return binary() if binary().exists() else None


def _build(target: Path) -> None:
    print(f"building {MODULE} into {target}, which takes some minutes", file=sys.stderr)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        subprocess.run(
            ["go", "install", MODULE],
            env={**os.environ, "CGO_ENABLED": "0", "GOBIN": folder},
            cwd=folder,
            check=True,
        )
        Path(folder, "minio").replace(target)


def start(program: Path, directory: Path) -> S3Service:
    """A new server that keeps all it has in the directory."""
    environment = {
        "HOME": str(directory),
        "PATH": os.defpath,
        "MINIO_ROOT_USER": ACCESS_KEY,
        "MINIO_ROOT_PASSWORD": SECRET_KEY,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
    }
    command = [program, "server", "--address", "127.0.0.1:0", directory / "data"]
    return started(command, environment, r"API: (http://\S+)", directory)
