"""Keeping the committed steps of another run: a run that resumes it does not run them again."""

from __future__ import annotations

from lateen.domain.receipts import Resolution
from lateen.step.boundaries import Boundary, reached
from lateen.step.ended import Ended
from lateen.step.ports import Snapshot, Stores
from lateen.step.resolving import Resolved
from lateen.step.serving import serve
from lateen.step.task import Task


def kept(task: Task, resumed: str, stores: Stores) -> Ended | None:
    """Commits what the same step of the resumed run put out; None where it committed nothing.

    It is recorded like a step served from the cache, with what its references were then.
    """

    def work(snapshot: Snapshot) -> Ended | None:
        hit = snapshot.committed(resumed, task.step.name)
        if hit is None:
            return None
        receipts = snapshot.receipts(hit.source)
        model = next((r.model for r in receipts if not r.input and r.model is not None), None)
        resolved = Resolved(Resolution({}, tuple(receipts), model), None)
        return serve(task, snapshot, resolved, hit, snapshot.reads(hit.source))

    ended = stores.catalog.attempts.in_snapshot(work)
    if ended is not None:
        reached(Boundary.CACHE_COMMITTED)
    return ended
