"""File systems that are mounted for a test: small ones, and such as can only be read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lateen.local import target
from tests.requirements import require


@contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    """A file system that is mounted while the block runs."""
    place = arguments[-1]
    require(os.geteuid() == 0, "run as root, who may mount file systems")
    found = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    require(found.returncode == 0, f"a kernel that lets root mount: {found.stderr}")
    try:
        yield
    finally:
        target.default().close()
        subprocess.run(["umount", "--lazy", place], check=True)
