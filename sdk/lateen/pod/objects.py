"""The object store as a Pod has it: how it was set up is nobody's step's fault."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from lateen.domain.errors import LateenError, SetupError, StoreUnavailable
from lateen.pod.transfers import FETCHED, STORED, Transfers
from lateen.step.ports import ObjectStore


class PodObjects:
    """A store whose wrong set-up may pass: credentials that ran out, a policy, a bucket's name.

    Otherwise a night's work would fail for good because of what somebody mends in a minute.
    It is opened with its first use: its client takes longer to load than a small step runs.
    """

    def __init__(self, opened: Callable[[], ObjectStore]) -> None:
        self._opened = opened
        self.transfers = Transfers()

    @cached_property
    def _objects(self) -> ObjectStore:
        return self._opened()

    def open(self) -> None:
        """Opens it now; StoreUnavailable where it is set up wrongly."""
        with _passing():
            _ = self._objects

    def open_meanwhile(self) -> None:
        """Opens it in the background; whoever uses it is told what is wrong with it."""
        threading.Thread(target=self._try_to_open, daemon=True).start()

    def _try_to_open(self) -> None:
        with suppress(LateenError):
            self.open()

    @property
    def uri(self) -> str:
        with _passing():
            return self._objects.uri

    def put(self, sha256: str, generation: int, source: BinaryIO, size: int) -> None:
        with _passing():
            objects, began = self._objects, self.transfers.clock()
            objects.put(sha256, generation, source, size)
        self.transfers.add(STORED, size, began)

    def adopt(self, sha256: str, generation: int, path: Path) -> bool:
        with _passing():
            return self._objects.adopt(sha256, generation, path)

    def get(self, sha256: str, generation: int, destination: Path, *, share: bool = False) -> None:
        with _passing():
            objects, began = self._objects, self.transfers.clock()
            objects.get(sha256, generation, destination, share=share)
        self.transfers.add(FETCHED, destination.stat().st_size, began)

    def exists(self, sha256: str, generation: int) -> bool:
        with _passing():
            return self._objects.exists(sha256, generation)

    def size(self, sha256: str, generation: int) -> int | None:
        with _passing():
            return self._objects.size(sha256, generation)

    def delete(self, sha256: str, generation: int) -> None:
        with _passing():
            self._objects.delete(sha256, generation)

    def blobs(self) -> Iterator[tuple[str, int]]:
        with _passing():
            yield from self._objects.blobs()

    def drop_unfinished(self, seconds: float) -> int:
        with _passing():
            return self._objects.drop_unfinished(seconds)


@contextmanager
def _passing() -> Iterator[None]:
    try:
        yield
    except SetupError as error:
        raise StoreUnavailable(str(error)) from error
