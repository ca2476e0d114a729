"""Publish: stores what a step put out, and commits everything of its attempt at once.

The bytes go first, the commit last: until it, nobody sees anything of the attempt; with it, all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lateen.domain.artifacts import Manifest
from lateen.domain.errors import MaterializerError, UserError
from lateen.domain.names import check_name
from lateen.domain.placeholders import rendered
from lateen.domain.spec import OutputSpec
from lateen.domain.states import AttemptState, FailureCause, StepPhase
from lateen.planning.caching import cacheable
from lateen.step.moves import moved
from lateen.step.operations import lease_holder, version_payload
from lateen.step.outcome import Outcome, SavedOutput, error_json
from lateen.step.ports import Catalog, Json, Stores
from lateen.step.resolving import Resolved
from lateen.step.session import Pending
from lateen.step.task import Task
from lateen.step.transfer import store_tree
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
    log = _store_log(task, work, stores)
    commit = stores.catalog.attempts.commit
    if outcome.good:
        try:
            outputs = _store_outputs(task, outcome, pending, work, stores)
            flags = moved(task, resolved, pending.reads, stores.catalog)
            return outcome, commit({**_success(task, pending, outputs), "moved": flags, "log": log})
        except UserError as error:
            outcome = Outcome.failed(error, FailureCause.USER)
    return outcome, commit({**_failure(task, outcome), "log": log})


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
    log = _store_log(task, work, stores)
    end = _end(task, AttemptState.FENCED, phase)
    stores.catalog.attempts.commit({**_failure(task, outcome), **end, "log": log})


def fail(task: Task, error: BaseException, cause: FailureCause, catalog: Catalog) -> Outcome:
    """Commits the failure of an attempt whose user code never ran."""
    outcome = Outcome({}, error_json(error), cause, error)
    catalog.attempts.commit(_failure(task, outcome))
    return outcome


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
        "cacheable": cacheable(task.step) and not pending.opaque and not pending.promotions.made,
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
) -> list[Json]:
    holder = lease_holder(task.attempt)
    stored = []
    for spec in task.step.outputs:
        saved = outcome.outputs.get(spec.name)
        if saved is None:
            raise MaterializerError(f"the step ended without its output {spec.name!r}")
        files = store_tree(
            work.output(spec.name),
            stores.objects,
            lambda blobs: stores.catalog.attempts.lease(holder, blobs),
            private=stores.private,
            within=work.root,
        )
        manifest = Manifest(saved.format, saved.type, saved.materializer, files)
        stored.append(_output(task, spec, saved, manifest, pending))
    return stored


def _output(
    task: Task, spec: OutputSpec, saved: SavedOutput, manifest: Manifest, pending: Pending
) -> Json:
    name = rendered(task.spec.artifact_of(task.step, spec), task.created_at)
    version = spec.version and rendered(spec.version, task.created_at)
    return {
        **version_payload(manifest, spec.kind or saved.kind, saved.pickled),
        "output": spec.name,
        "artifact": check_name(name, "the artifact"),
        "version": version,
        "tags": [*spec.tags, *pending.output_tags.get(spec.name, ())],
        "metadata": {**saved.metadata, **spec.metadata},
    }


def _store_log(task: Task, work: WorkDirectory, stores: Stores) -> Mapping[str, Any] | None:
    """Stores what the step printed, so that it outlives the work directory."""
    import hashlib

    try:
        descriptor = os.open(work.log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if size == 0:
            return None
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        holder = lease_holder(task.attempt)
        generation = stores.catalog.attempts.lease(holder, [(sha256, size)])[sha256]
        if not stores.objects.exists(sha256, generation):
            file.seek(0)
            stores.objects.put(sha256, generation, file, size)
    return {"sha256": sha256, "generation": generation, "size": size}
