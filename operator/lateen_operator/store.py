"""What the operator knows of the cluster's Runs and Pods: fed by watches, mended by lists."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from lateen_operator.pod_object import PodObject
from lateen_operator.pods.view import PodView
from lateen_operator.run_object import RunObject


def _unheard(_before: PodView, _after: PodView) -> None:
    """Nobody asks."""


class Stored(Protocol):
    """What every object has."""

    @property
    def uid(self) -> str: ...

    @property
    def namespace(self) -> str: ...

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Stored)


@dataclass(frozen=True, slots=True)
class Differences(Generic[T]):
    """What a list said otherwise than the watch."""

    changed: list[T] = field(default_factory=list)
    gone: list[T] = field(default_factory=list)


class Shelf(Generic[T]):
    """The objects of one kind by UID, each as new as was seen; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, T] = {}
        self._watched: dict[str, int] = {}
        """The newest version of each object that the watch delivered."""
        self._unseen: dict[str, int] = {}
        """What the last list had and the watch had not delivered by then."""
        self._gone: set[str] = set()
        """What was removed since the last list: an answer that is older does not bring it back."""

    def get(self, uid: str) -> T | None:
        with self._lock:
            return self._objects.get(uid)

    def all(self) -> list[T]:
        with self._lock:
            return list(self._objects.values())

    def watched(self, item: T) -> bool:
        """Takes what the watch delivered; whether it is news."""
        with self._lock:
            self._watched[item.uid] = max(item.version, self._watched.get(item.uid, 0))
            return self._take(item)

    def put(self, item: T) -> None:
        """Takes what a request of our own was answered."""
        with self._lock:
            self._take(item)

    def _take(self, item: T) -> bool:
        known = self._objects.get(item.uid)
        if item.uid in self._gone or (known is not None and known.version >= item.version):
            return False
        self._objects[item.uid] = item
        return True

    def remove(self, uid: str) -> T | None:
        """Forgets an object that is gone."""
        with self._lock:
            self._gone.add(uid)
            self._watched.pop(uid, None)
            return self._objects.pop(uid, None)

    def replace(self, listed: Iterable[T], version: int) -> Differences[T]:
        """Makes a list of that version the truth; what differed from it.

        What is newer than the list stays: the watch was quicker.
        """
        found = {item.uid: item for item in listed}
        with self._lock:
            self._unseen = {
                uid: item.version
                for uid, item in found.items()
                if self._watched.get(uid, 0) < item.version
            }
            gone = [
                item
                for uid, item in self._objects.items()
                if uid not in found and item.version <= version
            ]
            for item in gone:
                del self._objects[item.uid]
                self._watched.pop(item.uid, None)
            changed = [item for item in found.values() if self._take(item)]
            self._gone.clear()
        return Differences(changed, gone)

    def overdue(self, listed: Iterable[str]) -> list[str]:
        """Which of these the watch has not delivered in the state that the last list had."""
        with self._lock:
            return [
                uid
                for uid in listed
                if uid in self._unseen and self._watched.get(uid, 0) < self._unseen[uid]
            ]

    def __len__(self) -> int:
        return len(self._objects)


class Pods(Shelf[PodObject]):
    """Pods, found by their Run too."""

    def __init__(self, changed: Callable[[PodView, PodView], None] = _unheard) -> None:
        super().__init__()
        self._changed = changed
        self._by_run: dict[str, set[str]] = {}

    def of_run(self, run: str) -> list[PodObject]:
        """The Pods whose labels name a Run."""
        with self._lock:
            return [self._objects[uid] for uid in self._by_run.get(run, ())]

    def _take(self, item: PodObject) -> bool:
        before = self._objects.get(item.uid)
        taken = super()._take(item)
        if taken:
            self._by_run.setdefault(item.run, set()).add(item.uid)
            if before is not None:
                self._changed(before.view, item.view)
        return taken

    def remove(self, uid: str) -> PodObject | None:
        removed = super().remove(uid)
        if removed is not None:
            self._forget(removed)
        return removed

    def replace(self, listed: Iterable[PodObject], version: int) -> Differences[PodObject]:
        found = super().replace(listed, version)
        for item in found.gone:
            self._forget(item)
        return found

    def _forget(self, item: PodObject) -> None:
        with self._lock:
            uids = self._by_run.get(item.run)
            if uids is not None and item.uid not in self._objects:
                uids.discard(item.uid)
                if not uids:
                    del self._by_run[item.run]


class Store:
    """Everything that was seen; ``pod_changed`` hears each change of a Pod once."""

    def __init__(self, pod_changed: Callable[[PodView, PodView], None] = _unheard) -> None:
        self.runs: Shelf[RunObject] = Shelf()
        self.pods = Pods(pod_changed)
