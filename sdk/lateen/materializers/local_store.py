"""The local file system under the interface that ZenML's materializers expect."""

from __future__ import annotations

import os
from typing import IO, Any


class LocalStore:
    """What ``self.artifact_store`` offers: the few file operations that materializers call."""

    def open(self, path: str | os.PathLike[str], mode: str = "r") -> IO[Any]:
        """The file, text being UTF-8 whatever the locale says."""
        return open(path, mode, encoding=None if "b" in mode else "utf-8")

    def exists(self, path: str | os.PathLike[str]) -> bool:
        """Whether anything lies at the path."""
        return os.path.exists(path)

    def isdir(self, path: str | os.PathLike[str]) -> bool:
        """Whether the path is a directory."""
        return os.path.isdir(path)

    def listdir(self, path: str | os.PathLike[str]) -> list[str]:
        """The names in a directory, sorted."""
        return sorted(os.listdir(path))

    def makedirs(self, path: str | os.PathLike[str]) -> None:
        """Make a directory and its parents, where they do not exist yet."""
        os.makedirs(path, exist_ok=True)

    def remove(self, path: str | os.PathLike[str]) -> None:
        """Remove one file."""
        os.remove(path)
