"""Publish: stores what a step put out, and commits everything of its attempt at once.

The bytes go first, the commit last: until it, nobody sees anything of the attempt; with it, all.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import Any

from lateen.domain.artifacts import Content
from lateen.domain.attempts import Guard
from lateen.domain.errors import CorruptBlobError, MaterializerError, ProtocolError, UserError
from lateen.domain.names import check_name, shown
from lateen.domain.placeholders import rendered
from lateen.domain.spec import OutputSpec
from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.caching import cacheable
from lateen.step.boundaries import Boundary, reached
from lateen.step.leases import leasing, once_more
from lateen.step.logs import read_log
from lateen.step.moves import guard, moved
from lateen.step.operations import lease_holder, version_payload
from lateen.step.outcome import Outcome, SavedOutput, error_json
from lateen.step.pending import Pending
from lateen.step.ports import Catalog, Json, Stores
from lateen.step.resolving import Resolved
from lateen.step.task import Task
from lateen.step.transfer import Lease, is_stored, store_tree
from lateen.step.variables import OUTPUTS
from lateen.step.workdir import WorkDirectory


def publish(
    task: Task,
    resolved: Resolved,
    outcome: Outcome,
    pending: Pending,
    work: WorkDirectory,
    stores: Stores,
) -> tuple[Outcome, Json]:
    """Commits the attempt's end; how it ended after all, and what the commit answered.

    A success that cannot be committed, such as a promotion into a stage that another version took
    meanwhile, becomes a failure with that error. Raises Fenced where the attempt was replaced, and
    TemporaryError where the catalog or the store cannot be reached; then nothing is visible.
    """
    reached(Boundary.PUBLISH_STARTED)
    with leasing(stores.catalog.attempts, lease_holder(task.attempt), release=False) as lease:
        log = _store_log(work, stores, lease)

        def succeed() -> Json:
            outputs = _store_outputs(task, outcome, pending, work, stores, lease)
            flags = moved(task, resolved, pending.reads, stores.catalog)
            reached(Boundary.PUBLISH_COMPARED)
            success = _success(task, pending, outputs)
            payload = {**success, "moved": flags, "log": log}
            return _commit(payload, stores.catalog, guard(task, resolved))

        if outcome.good:
            try:
                return outcome, once_more(succeed)
            except (UserError, CorruptBlobError, ProtocolError) as error:
                outcome = Outcome.failed(error, FailureCause.USER)
        return outcome, _commit({**_failure(task, outcome), "log": log}, stores.catalog)


def interrupt(
    task: Task,
    outcome: Outcome,
    phase: StepPhase,
    work: WorkDirectory,
    stores: Stores,
) -> None:
    """Commits that the attempt was ended by who runs it; what it printed is kept.

    Raises Fenced where another ended it before.
    """
    with leasing(stores.catalog.attempts, lease_holder(task.attempt), release=False) as lease:
        log = _store_log(work, stores, lease)
    end = _end(task, AttemptState.FENCED, phase)
    _commit({**_failure(task, outcome), **end, "log": log}, stores.catalog)


def keep_log(task: Task, work: WorkDirectory, stores: Stores, *, release: bool) -> None:
    """Keeps what the step printed, for its holder whose attempt somebody else ends or has fenced.

    The fence lets this pass, once, since nothing follows from it. Raises Fenced where it does not.
    ``release`` ends the attempt's leases, which is for one that is over.
    """
    attempts = stores.catalog.attempts
    with leasing(attempts, lease_holder(task.attempt), release=release) as lease:
        log = _store_log(work, stores, lease)
        if log is not None:
            attempts.keep_log(task.attempt, task.holder, log)


def fail(task: Task, error: BaseException, cause: FailureCause, catalog: Catalog) -> Outcome:
    """Commits the failure of an attempt whose user code never ran."""
    outcome = Outcome({}, error_json(error), cause, error)
    _commit(_failure(task, outcome), catalog)
    return outcome


def _commit(payload: Json, catalog: Catalog, guard: Guard | None = None) -> Json:
    reached(Boundary.PUBLISH_COMMITTING)
    answer = catalog.attempts.commit(payload, guard)
    reached(Boundary.PUBLISH_COMMITTED)
    return answer


def _success(task: Task, pending: Pending, outputs: list[Json]) -> Json:
    metadata: list[Json] = []
    if pending.step_metadata:
        metadata.append({"target": {}, "values": pending.step_metadata})
    for output, values in pending.output_metadata.items():
        metadata.append({"target": {"output": output}, "values": values})
    return {
        **_end(task, AttemptState.COMMITTED, StepPhase.SUCCEEDED),
        "outputs": outputs,
        "metadata": metadata,
        "promotions": pending.promotions.made,
        "cacheable": cacheable(task.step, task.environment)
        and not pending.opaque
        and not pending.promotions.made,
    }


def _failure(task: Task, outcome: Outcome) -> Json:
    error = outcome.error or {}
    return {
        **_end(task, AttemptState.FAILED, StepPhase.FAILED),
        "cause": outcome.cause.value if outcome.cause else None,
        "error": dict(error),
        "reason": error.get("type"),
        "message": str(error.get("message", "")).split("\n", 1)[0][:300],
    }


def _end(task: Task, state: AttemptState, phase: StepPhase) -> Json:
    columns = task.attempt.columns
    return {**columns, "holder": task.holder, "state": state.value, "phase": phase.value}


def _store_outputs(
    task: Task,
    outcome: Outcome,
    pending: Pending,
    work: WorkDirectory,
    stores: Stores,
    lease: Lease,
) -> list[Json]:
    unknown = set(outcome.outputs) - {spec.name for spec in task.step.outputs}
    if unknown:
        raise ProtocolError(
            f"the step put out {shown(sorted(unknown)[0])}, which it does not declare"
        )
    stored = []
    for spec in task.step.outputs:
        saved = outcome.outputs.get(spec.name)
        if saved is None:
            raise MaterializerError(f"the step ended without its output {spec.name!r}")
        if saved.pickled and not spec.pickle:
            raise MaterializerError(
                f"output {spec.name!r}: it holds a pickle, which its author did not allow; set"
                " allow_pickle=True on the output"
            )
        try:
            files = store_tree(
                work.output(spec.name),
                stores.objects,
                lease,
                private=stores.private,
                within=work.root,
            )
        except (MaterializerError, CorruptBlobError) as error:
            raise type(error)(f"output {spec.name!r}: {error}") from error
        if not files.files and task.step.command:
            raise MaterializerError(
                f"output {spec.name!r}: there is no file in it; the command writes what it puts out"
                f" to ${OUTPUTS}/{spec.name}/"
            )
        content = files.content(saved.format, saved.type, saved.materializer)
        stored.append(_output(task, spec, saved, content, pending))
    return stored


def _output(
    task: Task, spec: OutputSpec, saved: SavedOutput, content: Content, pending: Pending
) -> Json:
    name = rendered(task.spec.artifact_of(task.step, spec), task.created_at)
    version = spec.version and rendered(spec.version, task.created_at)
    return {
        **version_payload(content, spec.kind or saved.kind, saved.pickled),
        "output": spec.name,
        "artifact": check_name(name, "the artifact"),
        "version": version,
        "tags": [*spec.tags, *pending.output_tags.get(spec.name, ())],
        "metadata": {**saved.metadata, **spec.metadata},
    }


def _store_log(work: WorkDirectory, stores: Stores, lease: Lease) -> Mapping[str, Any] | None:
    """Stores what the step printed, so that it outlives the work directory."""
    content = read_log(work.log)
    if not content:
        return None
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    generation = lease([(sha256, size)])[sha256]
    if not is_stored(sha256, generation, stores.objects):
        stores.objects.put(sha256, generation, io.BytesIO(content), size)
    reached(Boundary.PUBLISH_LOGGED)
    return {"sha256": sha256, "generation": generation, "size": size}
