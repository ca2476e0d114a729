"""The points of a run and of a step's life at which something outside of the process has changed.

Whatever has its name here, a process may die there and nothing half-done is ever visible: the tests
kill one at each. What is found afterwards stands under each name; a *lost* run is one that the next
run (or whoever lists the runs) ends as Failed, reason Lost, its open attempt fenced.

A testing aid: with ``LATEEN_CRASH_AT=store.stored`` in its environment a process is killed by
SIGKILL when it first reaches that boundary, with ``store.stored:2`` the second time. All Pods of a
workspace have the same environment there: ``store.stored@train pod.laid@predict`` is for the
attempts of these steps alone. It is read once, when this module loads.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from lateen.domain.errors import SetupError
from lateen.domain.names import did_you_mean
from lateen.step.variables import STEP

VARIABLE = "LATEEN_CRASH_AT"


class Boundary(StrEnum):
    """Every boundary, in the order in which a run comes to it."""

    # Submission
    SUBMIT_UPLOADED = "submit.uploaded"
    """A value of the caller's is a version of ``external``, as it stays; there is no run."""
    SUBMIT_CREATED = "submit.created"
    """The run is Pending; once it is a minute old, it is lost."""

    # The runner
    RUN_STARTED = "run.started"
    """The run is lost; no attempt was made."""
    RUN_SKIPPED = "run.skipped"
    """A step is shown as Skipped; the next run ends this one, as it was about to end or as lost."""
    RUN_WAITING = "run.waiting"
    """A step is shown as Waiting, without an attempt; the run is lost."""
    RUN_FINISHING = "run.finishing"
    """All steps have ended; the next run ends this one as it would have ended, not as lost."""
    RUN_FINISHED = "run.finished"
    """The run has ended; its work directory is left for the next run to remove."""

    # Resolve; a cached step knows the three of the cache in their place
    RESOLVE_ASKED = "resolve.asked"
    """Inside the transaction: nothing of the attempt is there; the run is lost."""
    RESOLVE_RECORDED = "resolve.recorded"
    """Inside the transaction: nothing of the attempt is there; the run is lost."""
    RESOLVE_COMMITTED = "resolve.committed"
    """The attempt has its receipts and is fenced; the run is lost."""
    CACHE_FOUND = "cache.found"
    """Inside the transaction: nothing of the attempt is there; the run is lost."""
    CACHE_COMMITTING = "cache.committing"
    """Inside the transaction: nothing of the attempt is there; the run is lost."""
    CACHE_COMMITTED = "cache.committed"
    """The step is Cached, with its outputs; the run is lost."""
    PREPARE_MADE = "prepare.made"
    """As after resolve.committed, with an empty work directory for the next run to remove."""
    PREPARE_FETCHED = "prepare.fetched"
    """As before, with files of an artifact in the work directory; one that is not whole has
    another name there."""
    PREPARE_INSTRUCTED = "prepare.instructed"
    """As before, with all inputs in the work directory."""

    # Execute: in the step's own process where it has one, whose death fails the attempt (StepDied)
    EXECUTE_STARTED = "execute.started"
    """The attempt has not begun; no user code ran."""
    EXECUTE_BEGUN = "execute.begun"
    """The attempt has begun; no user code ran. The run's own model version is there, and is marked
    failed with the run."""
    EXECUTE_LOADED = "execute.loaded"
    """No user code ran, but for what loads the inputs."""
    EXECUTE_RETURNED = "execute.returned"
    """User code ran; what it saved and logged at once stays, all else of it is gone."""
    EXECUTE_SAVED = "execute.saved"
    """As before, with files of an output in the work directory."""
    EXECUTE_ENDED = "execute.ended"
    """As before; where it is the step's own process that died, the attempt goes on and commits."""

    # What user code asks for while it runs
    SESSION_BEGINNING = "session.beginning"
    """The attempt has not begun."""
    SESSION_BEGUN = "session.begun"
    """The attempt has begun, and nobody was told."""
    SESSION_READ = "session.read"
    """Inside the transaction: the read is not recorded."""
    SESSION_SAVING = "session.saving"
    """No version is there; what bytes of it are stored no version refers to, and the collector
    takes them."""
    SESSION_SAVED = "session.saved"
    """The saved version is there and stays, linked to the attempt's model version."""
    SESSION_LOGGING = "session.logging"
    """The metadata is not there."""
    SESSION_LOGGED = "session.logged"
    """The metadata is there and stays."""

    # Storing the files of a version, wherever it comes from, unless the catalog is to keep them
    STORE_LEASED = "store.leased"
    """Blobs are leased that may not be there; whoever has the same bytes stores them."""
    STORE_STORED = "store.stored"
    """A blob is stored that no version refers to; the collector takes it once its lease is over."""

    # Publish
    PUBLISH_STARTED = "publish.started"
    """The step's work is done and lost: nothing of it is visible; the run is lost."""
    PUBLISH_LOGGED = "publish.logged"
    """As before; the log is stored, and nothing refers to it."""
    PUBLISH_COMPARED = "publish.compared"
    """As before; what the catalog does not keep of the outputs is stored, and nothing refers to
    it."""
    PUBLISH_COMMITTING = "publish.committing"
    """As before."""
    PUBLISH_COMMITTED = "publish.committed"
    """Everything of the attempt is there: outputs, links, metadata, promotions, its log. After the
    last step the next run ends this one as it would have ended. Else it is lost, and what its steps
    put out serves the next one from the cache."""
    PUBLISH_REMOVED = "publish.removed"
    """As before; the attempt's work directory is gone."""

    # A Pod's own, whose containers die one by one. Where publish died it is started again and goes
    # on; where another did, the operator ends the attempt.
    POD_UNPACKED = "pod.unpacked"
    """In resolve: the attempt is resolved, its source archive unpacked."""
    POD_LAID = "pod.laid"
    """In resolve: all lies there that the step's container needs."""
    POD_STARTED = "pod.started"
    """In the step's first process: the attempt has not begun."""
    POD_CHILD_ENDED = "pod.child-ended"
    """In the step's first process: user code ran, and nobody was told how it ended."""
    POD_TOLD = "pod.told"
    """In the step's first process: publish commits what user code left."""
    POD_SERVING = "pod.serving"
    """In publish: it answers the step."""
    POD_RECORDED = "pod.recorded"
    """In publish, inside the transaction: the earlier resolution holds."""
    POD_REFRESHED = "pod.refreshed"
    """In publish: the later resolution holds, and what it moved is not there yet."""
    POD_NOTING = "pod.noting"
    """In publish: what the step wants done with its commit is not kept, nor was it told so."""
    POD_NOTED = "pod.noted"
    """In publish: what the step wants done with its commit is kept."""
    POD_SEEN = "pod.seen"
    """In publish: the step has ended; nothing of it is committed."""

    # A look of the operator at a run. Whoever looks next finds the run in the catalog, and goes on;
    # between two looks nothing is kept anywhere else.
    OPERATOR_CREATED = "operator.created"
    """The run is in the catalog, and nothing of it has started."""
    OPERATOR_REJECTED = "operator.rejected"
    """The catalog knows that the run was refused, and nobody was told so."""
    OPERATOR_STARTED = "operator.started"
    """The run is Running; none of its steps is."""
    OPERATOR_PROBED = "operator.probed"
    """A step is about to run; nothing of its attempt is there."""
    OPERATOR_OPENED = "operator.opened"
    """The attempt is open; there is no Pod, and one is made for it."""
    OPERATOR_POD_MADE = "operator.pod-made"
    """The Pod is there, and found by its name."""
    OPERATOR_ENDED = "operator.ended"
    """The attempt is over, its Pod is not; it can commit nothing, and is deleted."""
    OPERATOR_POD_DELETED = "operator.pod-deleted"
    """As before; the Pod is on its way out."""
    OPERATOR_SKIPPED = "operator.skipped"
    """A step is skipped or cancelled."""
    OPERATOR_WAITING = "operator.waiting"
    """A step is shown as Waiting, without an attempt."""
    OPERATOR_FINISHING = "operator.finishing"
    """All steps have ended; the run has not."""
    OPERATOR_FINISHED = "operator.finished"
    """The run has ended, and its status does not say so yet."""

    # What the next run does about dead ones
    SWEEP_FENCED = "sweep.fenced"
    """An attempt is fenced, its run not ended; the next sweep goes on."""
    SWEEP_FINISHED = "sweep.finished"
    """A dead run is ended; the next sweep goes on with the others."""
    SWEEP_REMOVED = "sweep.removed"
    """A dead run's work directory is gone; the next sweep goes on with the others."""


Watch = Callable[[Boundary], None]


def reached(boundary: Boundary) -> None:
    """Says where the process is."""
    if _watch is not None:
        _watch(boundary)


@contextmanager
def watched(watch: Watch | None) -> Iterator[None]:
    """Lets a test see the boundaries that this process reaches while the block runs."""
    global _watch  # noqa: PLW0603 - one for the process, like the environment that sets it
    before, _watch = _watch, watch
    try:
        yield
    finally:
        _watch = before


def crash_at(places: str | None, step: str | None = None) -> Watch | None:
    """What ends the process at ``name`` or ``name:n``, of which n counts from 1.

    Of several, each ``place@step``, it is the first one for the step that this process works for.
    Raises SetupError where there is no such boundary.
    """
    for place, _, wanted in (word.partition("@") for word in (places or "").split()):
        if wanted in ("", step):
            return _crash_at(place)
    return None


def _crash_at(place: str) -> Watch:
    name, _, count = place.partition(":")
    known = [boundary.value for boundary in Boundary]
    if name not in known or not (count or "1").isdecimal():
        raise SetupError(f"{VARIABLE}={place!r} names no boundary{did_you_mean(name, known)}")
    seen: Counter[Boundary] = Counter()
    lock = threading.Lock()

    def crash(boundary: Boundary) -> None:
        with lock:
            seen[boundary] += 1
            if boundary == name and seen[boundary] == int(count or 1):
                os.kill(os.getpid(), signal.SIGKILL)
                os._exit(128 + signal.SIGKILL)  # no container's first process can kill itself

    return crash


_watch: Watch | None = crash_at(os.environ.get(VARIABLE), os.environ.get(STEP))
