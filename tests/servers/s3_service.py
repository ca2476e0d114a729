"""A real S3 service on the loopback interface, with a directory of its own."""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ACCESS_KEY = secrets.token_hex(10)
SECRET_KEY = secrets.token_hex(20)
"""Of all services of this process, with all rights."""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
"""The environment of who uses them."""


@dataclass
class S3Service:
    """A process that serves S3 at ``endpoint`` until it is stopped or killed."""

    endpoint: str
    directory: Path
    """Where it keeps what it has."""
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def client(self) -> Any:
        """A plain client."""
        from minio import Minio

        host = self.endpoint.removeprefix("http://")
        return Minio(host, ACCESS_KEY, SECRET_KEY, secure=False, region="us-east-1")

    def url(self, bucket: str, prefix: str = "") -> str:
        """What ``LATEEN_STORE_URL`` is for a store here."""
        return f"s3://{bucket}/{prefix}?endpoint={self.endpoint}"

    def kill(self) -> None:
        """Ends the process as a crash does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ends the process; again is harmless."""
        self.process.terminate()
        self.process.communicate()


def started(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    announcement: str,
    directory: Path,
) -> S3Service:
    """The service, once it has announced at which address it listens."""
    process = subprocess.Popen(
        [str(word) for word in command],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(announcement, line):
            return S3Service(found[1], directory, process)
    raise AssertionError(f"{command[0]} ended before it listened:\n{''.join(said)}")
