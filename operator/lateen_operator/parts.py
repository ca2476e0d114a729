"""What an operator consists of, for whoever looks at a Run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lateen_operator.frozen_specs import FrozenSpecs
from lateen_operator.known_run import KnownRun
from lateen_operator.kube import Cluster
from lateen_operator.occurrences import Occurrence, Subject, event
from lateen_operator.pods.settings import PodSettings
from lateen_operator.poster import Poster
from lateen_operator.queue import Queue
from lateen_operator.run_object import RunObject
from lateen_operator.settings import Settings
from lateen_operator.slots import Slots
from lateen_operator.store import Store
from lateen_operator.workspaces import Workspaces
from lateen_operator.writer import StatusWriter


@dataclass(slots=True)
class Parts:
    """The parts, each safe to use from any worker."""

    settings: Settings
    pod_settings: PodSettings
    cluster: Cluster
    store: Store
    queue: Queue
    workspaces: Workspaces
    writer: StatusWriter
    poster: Poster
    slots: Slots = field(default_factory=Slots)
    specs: FrozenSpecs = field(default_factory=FrozenSpecs)
    known: dict[str, KnownRun] = field(default_factory=dict)
    """The Runs that go on, by UID; a worker has one to itself."""
    gone: dict[str, RunObject] = field(default_factory=dict)
    """The Runs that were deleted, until the catalog knows it."""

    def departed(self, run: RunObject) -> None:
        """A Run was deleted."""
        self.gone[run.uid] = run
        self.queue.add(run.uid)

    def tell(self, run: RunObject, occurrences: Iterable[Occurrence]) -> None:
        """Posts Events about a Run."""
        subject = Subject("Run", run.name, run.uid, run.namespace)
        for occurrence in occurrences:
            self.post(subject, occurrence)

    def post(self, subject: Subject, occurrence: Occurrence) -> None:
        """Posts an Event."""
        self.poster.post(event(subject, occurrence, now(), self.settings.identity))

    def wake(self, runs: Iterable[str]) -> None:
        """Has some Runs looked at."""
        for run in runs:
            self.queue.add(run)


def now() -> datetime:
    """The time of the clock on the wall."""
    return datetime.now(UTC)
