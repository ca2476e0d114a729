"""An image, and all that decides what is in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import places

REGISTRY = "localhost/lateen"


@dataclass(frozen=True, slots=True)
class Image:
    """What Pods run, made from a Dockerfile."""

    name: str
    folder: Path
    """Where the Dockerfile is."""
    context: Path
    files: tuple[str, ...] = ()
    """What of the context goes into it."""
    with_go: bool = False
    """Whether Go builds something for it."""

    @property
    def dockerfile(self) -> Path:
        """The file that users build, too."""
        return self.folder / "Dockerfile"

    @property
    def reference(self) -> str:
        """What a Pod calls it."""
        return f"{REGISTRY}/{self.name}:test"

    def exact(self) -> str:
        """A name that no image with other contents has; another one when an input changes."""
        digest = hashlib.sha256(os.uname().machine.encode())
        for file in (self.dockerfile, *self._inputs()):
            digest.update(f"\0{file.relative_to(places.PROJECT)}\0".encode() + file.read_bytes())
        return f"{REGISTRY}/{self.name}:{digest.hexdigest()[:16]}"

    def _inputs(self) -> Iterator[Path]:
        for name in self.files:
            place = self.context / name
            yield from sorted(_sources(place)) if place.is_dir() else [place]


def _sources(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(place, name) for name in files)
