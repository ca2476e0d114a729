"""Leases on blobs while they are stored, renewed for as long as that takes.

A publisher leases a blob before it relies on it, so that no collector takes it before a version
refers to it. Whether the leases held is checked once more by the commit itself (`hold_blobs` in the
catalog): a renewal that fails, or a computer that slept for a week, costs a repetition at most.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from lateen.domain.errors import LeaseExpired, TemporaryError
from lateen.step.ports import Attempts, Json
from lateen.step.transfer import Lease

RENEWAL_SECONDS = 3600.0
LITTLE = 64 << 20
"""Bytes that are stored long before a lease needs renewing."""


@contextmanager
def leasing(
    attempts: Attempts, holder: str, *, release: bool, every: float = RENEWAL_SECONDS
) -> Iterator[Lease]:
    """Leases blobs for a holder; where that may take long, renews them until the block ends.

    ``release`` ends the leases with the block; those of an attempt end with the attempt.
    """
    renewal = _Renewal(attempts, holder, every)
    try:
        yield renewal.lease
    finally:
        renewal.stop()
        if release and renewal.began:
            with suppress(TemporaryError):  # they run out by themselves
                attempts.release(holder)


def once_more(publish: Callable[[], Json]) -> Json:
    """Publishes; again where the leases are gone, since the files are still there to be stored."""
    try:
        return publish()
    except LeaseExpired:
        return publish()


class _Renewal:
    """Renews a holder's leases from a thread of its own, which starts when there is much."""

    def __init__(self, attempts: Attempts, holder: str, every: float) -> None:
        self._attempts = attempts
        self._holder = holder
        self._every = every
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._bytes = 0
        self.began = False
        """Whether anything was leased."""

    def lease(self, blobs: Sequence[tuple[str, int]]) -> Mapping[str, int]:
        generations = self._attempts.lease(self._holder, blobs)
        self.began = True
        self._bytes += sum(size for _, size in blobs)
        if self._thread is None and self._bytes > LITTLE:
            self._thread = threading.Thread(target=self._renew, name="lateen-leases", daemon=True)
            self._thread.start()
        return generations

    def stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _renew(self) -> None:
        while not self._over.wait(self._every):
            with suppress(TemporaryError):  # the next round tries again
                self._attempts.renew(self._holder)
