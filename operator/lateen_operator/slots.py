"""Who may start steps where pipelines and namespaces limit how many are under way at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """What a Run has under way."""

    namespace: str
    pipeline: str
    count: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a Run would start now, with the limits that hold for it."""

    run: str
    namespace: str
    pipeline: str
    wanted: int
    pipeline_limit: int | None = None
    namespace_limit: int | None = None
    priority: int = 0
    created_at: str = ""

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands in the line: by priority, then by age."""
        return -self.priority, self.created_at, self.run


@dataclass(frozen=True, slots=True)
class Grant:
    """What a Run may start now."""

    count: int
    woken: tuple[str, ...] = ()
    """The Runs behind it that may start more, where it claims less than it waited for."""


def shares(claims: Iterable[Claim], held: Iterable[Held]) -> dict[str, int]:
    """How many steps each of the claims of one namespace may start, the first in line first.

    One that its pipeline holds up does not hold up the others of the namespace.
    """
    held = list(held)
    used = sum(each.count for each in held)
    of_pipeline: dict[str, int] = {}
    for each in held:
        of_pipeline[each.pipeline] = of_pipeline.get(each.pipeline, 0) + each.count
    given: dict[str, int] = {}
    for claim in sorted(claims, key=lambda claim: claim.place):
        own = of_pipeline.get(claim.pipeline, 0)
        free = [claim.wanted]
        if claim.namespace_limit is not None:
            free.append(claim.namespace_limit - used)
        if claim.pipeline_limit is not None:
            free.append(claim.pipeline_limit - own)
        share = given[claim.run] = max(0, min(free))
        used += share
        of_pipeline[claim.pipeline] = own + share
    return given


class Slots:
    """The book of who holds what and who waits; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        self._waiting: dict[str, Claim] = {}

    def settle(self, run: str, held: Held) -> list[str]:
        """Notes what a Run has under way; the Runs that may start more because of it."""
        with self._lock:
            before = self._held.get(run)
            if held.count:
                self._held[run] = held
            else:
                self._held.pop(run, None)
            fewer = before is not None and held.count < before.count
            return self._may_start(held.namespace) if fewer else []

    def ask(self, claim: Claim) -> Grant:
        """How many steps a Run may start now; it holds them from now on, and waits for more."""
        with self._lock:
            waited = self._waiting.get(claim.run)
            self._waiting[claim.run] = claim
            granted = self._shares(claim.namespace)[claim.run]
            if granted >= claim.wanted:
                del self._waiting[claim.run]
            before = self._held.get(claim.run)
            count = granted + (before.count if before else 0)
            if count:
                self._held[claim.run] = Held(claim.namespace, claim.pipeline, count)
            fewer = waited is not None and claim.wanted < waited.wanted
            return Grant(granted, tuple(self._may_start(claim.namespace)) if fewer else ())

    def withdraw(self, run: str) -> list[str]:
        """The Run waits for nothing; the Runs that may start what it stood in line for."""
        with self._lock:
            waited = self._waiting.pop(run, None)
            return self._may_start(waited.namespace) if waited is not None else []

    def forget(self, run: str) -> list[str]:
        """The Run is gone; the Runs that may start more because of it."""
        with self._lock:
            waiting, held = self._waiting.pop(run, None), self._held.pop(run, None)
            gone = waiting or held
            return self._may_start(gone.namespace) if gone else []

    def _may_start(self, namespace: str) -> list[str]:
        if not self._waiting:
            return []
        return [run for run, share in self._shares(namespace).items() if share]

    def _shares(self, namespace: str) -> dict[str, int]:
        claims = [claim for claim in self._waiting.values() if claim.namespace == namespace]
        held = [each for each in self._held.values() if each.namespace == namespace]
        return shares(claims, held)
