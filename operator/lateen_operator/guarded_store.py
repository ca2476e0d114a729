"""A workspace's object store as the operator asks it: one that does not answer holds nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lateen.domain.errors import LateenError, StoreUnavailable
from lateen.step.ports import ObjectStore
from lateen.stores.objects.s3.patience import Patience
from lateen_operator.breaker import Breaker

PATIENCE = Patience(attempts=2, pause=0.2, longest=0.5, timeout=3.0)
"""For whether a blob is there, which is all that the operator asks; a Pod has more."""


class GuardedStore:
    """An object store that fails at once, with StoreUnavailable, while it was found so just now."""

    def __init__(self, objects: ObjectStore, breaker: Breaker) -> None:
        self._objects = objects
        self._breaker = breaker

    @property
    def uri(self) -> str:
        return self._objects.uri

    def put(self, sha256: str, generation: int, source: BinaryIO, size: int) -> None:
        with self._asked():
            self._objects.put(sha256, generation, source, size)

    def adopt(self, sha256: str, generation: int, path: Path) -> bool:
        with self._asked():
            return self._objects.adopt(sha256, generation, path)

    def get(self, sha256: str, generation: int, destination: Path, *, share: bool = False) -> None:
        with self._asked():
            self._objects.get(sha256, generation, destination, share=share)

    def exists(self, sha256: str, generation: int) -> bool:
        with self._asked():
            return self._objects.exists(sha256, generation)

    def size(self, sha256: str, generation: int) -> int | None:
        with self._asked():
            return self._objects.size(sha256, generation)

    def delete(self, sha256: str, generation: int) -> None:
        with self._asked():
            self._objects.delete(sha256, generation)

    def blobs(self) -> Iterator[tuple[str, int]]:
        with self._asked():
            yield from self._objects.blobs()

    def drop_unfinished(self, seconds: float) -> int:
        with self._asked():
            return self._objects.drop_unfinished(seconds)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        self._breaker.check()
        began = self._breaker.now()
        try:
            yield
        except StoreUnavailable as error:
            self._breaker.failed(error, began)
            raise
        except LateenError:  # it has answered, though not as one would like
            self._breaker.answered()
            raise
        self._breaker.answered()
