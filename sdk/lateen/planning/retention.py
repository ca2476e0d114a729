"""Which runs a retention lets go: the old ones that nothing points to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lateen.domain.durations import duration_text
from lateen.planning.deletion import Candidate, Deletion, Need, NeedKind, decide_deletion


@dataclass(frozen=True, slots=True)
class Retention:
    """How long runs are kept."""

    keep_last: int
    """So many runs of each pipeline, the newest, whatever their age."""
    older_than: float
    """Seconds since their end that others have."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run as a retention sees it."""

    candidate: Candidate
    pipeline: str
    finished_at: datetime | None


def decide_retention(runs: Iterable[PastRun], retention: Retention, now: datetime) -> Deletion:
    """Of runs, the newest first: what goes, and what is kept and why."""
    places: Counter[str] = Counter()
    candidates = []
    for run in runs:
        places[run.pipeline] += 1
        recent = _recent(run, places[run.pipeline], retention, now)
        needs = (*run.candidate.needs, *recent)
        candidates.append(replace(run.candidate, needs=needs))
    return decide_deletion(candidates)


def _recent(run: PastRun, place: int, retention: Retention, now: datetime) -> Iterable[Need]:
    if place <= retention.keep_last:
        yield Need(NeedKind.RECENT, (f"among the last {retention.keep_last} of {run.pipeline}",))
    if run.finished_at is None:
        return
    age = (now - run.finished_at).total_seconds()
    if age < retention.older_than:
        limit = duration_text(retention.older_than)
        yield Need(NeedKind.RECENT, (f"it ended less than {limit} ago",))
