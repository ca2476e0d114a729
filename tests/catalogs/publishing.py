"""Publishers with real bytes: what tests of deletion and collection have in their stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lateen.domain.artifacts import ALL_AS_BLOBS
from lateen.step.operations import Operations
from lateen.step.ports import ObjectStore, Stores
from lateen.step.transfer import Lease, Stored, store_tree
from lateen.stores.catalog.catalog import Catalog


class AsBlobs(Operations):
    """What a client outside of steps asks for, whose small files are blobs too."""

    def _given_out(self, directory: str | None) -> Callable[[Lease], Stored]:
        return lambda lease: store_tree(
            Path(str(directory)),
            self.objects,
            lease,
            private=self.private,
            within=self.within,
            keep=ALL_AS_BLOBS,
        )


class Publisher:
    """Saves artifacts as a client outside of steps does, small ones as blobs too."""

    def __init__(self, catalog: Catalog, objects: ObjectStore, scratch: Path) -> None:
        self.operations = AsBlobs(Stores(catalog, objects), scratch, "tester")

    def save(self, name: str, *contents: bytes, version: str | None = None, **more: Any) -> str:
        """A version with a file for each of the contents; its id."""
        directory = self.operations.new_directory()["path"]
        for number, content in enumerate(contents):
            Path(directory, str(number)).write_bytes(content)
        saved = self.operations.save_artifact(
            directory,
            "bytes",
            "builtins.bytes",
            "tests.Bytes",
            "data",
            name,
            version=version,
            **more,
        )
        return str(saved["id"])

    def load(self, id: str) -> list[bytes]:
        """The files of a version, each checked."""
        folder = Path(self.operations.fetch(id)["path"])
        return [path.read_bytes() for path in sorted(folder.iterdir())]
