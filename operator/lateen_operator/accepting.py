"""Takes a new Run into the catalog, or records why it cannot be run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lateen.domain.errors import SetupError, TemporaryError, UserError
from lateen.domain.names import did_you_mean
from lateen.domain.spec import PipelineSpec
from lateen.step.boundaries import Boundary, reached
from lateen.step.replaying import Pins, check_whole, pin, pins_of
from lateen.stores.catalog.runs import Origin, RunRecord
from lateen_operator.acceptance import INVALID, Accepted, Repeats, accept_run, pipeline_name
from lateen_operator.checks import Rejected, spec_problem
from lateen_operator.kinds import PIPELINES, RUNS
from lateen_operator.known_run import KnownRun
from lateen_operator.logs import log
from lateen_operator.parts import Parts
from lateen_operator.run_object import RunObject
from lateen_operator.workspaces import Workspace

SUBMITTED_BY = "lateen.dev/submitted-by"
"""The annotation with which the SDK says who submitted a Run; nothing proves it."""
PATIENCE = 10.0
"""Seconds for which a Run waits for what it names: one file may bring both, in any order."""
CLUSTER = "cluster"
CANNOT_REPEAT = "CannotRepeat"


class Acceptance:
    """Accepts the Runs of one workspace, one at a time."""

    def __init__(self, parts: Parts, run: RunObject, workspace: Workspace) -> None:
        self._parts = parts
        self._run = run
        self._workspace = workspace
        self._catalog = workspace.catalog

    def accept(self) -> KnownRun | Rejected | None:
        """The Run as it goes on, why it cannot, or None where it is gone."""
        raw = self._parts.cluster.get(RUNS, self._run.namespace, self._run.name)
        if raw is None or raw["metadata"]["uid"] != self._run.uid:
            return None
        outcome = self._outcome(raw)
        if isinstance(outcome, Rejected) and outcome.final:
            self._reject(outcome)
        return outcome

    def _outcome(self, raw: Any) -> KnownRun | Rejected:
        allowed = self._parts.pod_settings.allowed_labels
        match accept_run(raw, self._pipeline(raw), allowed):
            case Accepted(spec, parameters):
                try:
                    return self._create(spec, parameters, raw)
                except UserError as error:  # it would be so whenever it is tried
                    return Rejected(INVALID, str(error))
            case Repeats() as repeats:
                return self._repeated(repeats, raw)
            case Rejected() as rejected:
                return self._with_patience(rejected, raw)

    def _pipeline(self, raw: Any) -> Any:
        name = pipeline_name(raw)
        if name is None:
            return None
        return self._parts.cluster.get(PIPELINES, self._run.namespace, name)

    def _with_patience(self, rejected: Rejected, raw: Any) -> Rejected:
        """A Pipeline that is not there may come in a moment; later its nearest name is told."""
        if rejected.final:
            return rejected
        known = [
            item["metadata"]["name"]
            for page in self._parts.cluster.pages(PIPELINES, self._run.namespace)
            for item in page["items"]
        ]
        name = pipeline_name(raw) or ""
        words = f"there is no Pipeline {name!r} in this namespace{did_you_mean(name, known)}"
        return Rejected(rejected.reason, words, final=self._has_waited(raw))

    def _has_waited(self, raw: Any) -> bool:
        """Whether the Run has waited for what it names for as long as it may."""
        made = datetime.fromisoformat(raw["metadata"]["creationTimestamp"])
        return (self._parts.cluster.clock.now() - made).total_seconds() > PATIENCE

    def _reject(self, rejected: Rejected) -> None:
        run = self._run
        self._catalog.operating.reject(run.uid, run.name, rejected.reason, rejected.message)
        reached(Boundary.OPERATOR_REJECTED)
        log.info(
            "a Run was rejected: %s",
            rejected.message,
            extra={"run": run.name, "namespace": run.namespace},
        )

    def _create(
        self,
        spec: PipelineSpec,
        parameters: Mapping[str, Any],
        raw: Any,
        origin: Origin | None = None,
    ) -> KnownRun:
        """Freezes the Run in the catalog, under its UID, so that a second time changes nothing."""
        run, name = self._run, self._run.name
        if self._catalog.operating.name_taken(name, run.uid):
            name = f"{name}-{run.uid[:8]}"
        by = _submitted_by(raw)
        origin = replace(origin or Origin(), submitted_by=by)
        created = self._catalog.runs.create(
            run.uid, name, spec, parameters, target=CLUSTER, origin=origin
        )
        reached(Boundary.OPERATOR_CREATED)
        log.info("a Run was accepted", extra={"run": run.name, "namespace": run.namespace})
        frozen = self._parts.specs.of(spec)
        return KnownRun(
            run.uid,
            name,
            frozen,
            parameters,
            created,
            by,
            replay=origin.replay_of is not None,
            resumed=origin.resume_of,
        )

    def _repeated(self, repeats: Repeats, raw: Any) -> KnownRun | Rejected:
        """A Run with the spec and the parameters of another."""
        try:
            other = self._other(repeats)
            if isinstance(other, Rejected):
                return replace(other, final=self._has_waited(raw))
            old = self._catalog.runs.load(other)
            problem = spec_problem(old.spec, self._parts.pod_settings.allowed_labels)
            if problem is not None:
                return problem
            if not old.state.phase.finished:
                raise UserError(
                    f"the run {old.name} has not finished; {repeats.kind} it when it has"
                )
            if repeats.kind == "resume":
                origin = Origin(source=old.source, resume_of=old.id)
                return self._create(old.spec, old.parameters, raw, origin)
            return self._replay(old, raw)
        except SetupError as error:  # of the stores: somebody mends them, and the Run goes on
            raise TemporaryError(str(error)) from error
        except UserError as error:
            return Rejected(CANNOT_REPEAT, str(error))

    def _replay(self, old: RunRecord, raw: Any) -> KnownRun:
        pins = _pins(old, self._workspace)
        check_whole(old.name, pins, self._workspace.stores)
        origin = Origin(source=old.source, replay_of=old.id)
        run = self._create(old.spec, old.parameters, raw, origin)
        self._catalog.attempts.in_snapshot(lambda snapshot: pin(run.id, pins, snapshot))
        return run

    def _other(self, repeats: Repeats) -> str | Rejected:
        """The id of the Run that is repeated, or why there is none, which may change in a moment.

        Raises UserError for one that was rejected.
        """
        name, operating = repeats.run, self._catalog.operating
        for run in self._parts.store.runs.all():
            if (run.namespace, run.name) == (self._run.namespace, name):
                return self._accepted(run, repeats.kind)
        found = operating.named(name)
        if found is None:
            words = f"there is no run {name!r}{did_you_mean(name, operating.names())}"
            return Rejected(CANNOT_REPEAT, words)
        return found

    def _accepted(self, run: RunObject, kind: str) -> str | Rejected:
        standing = self._catalog.operating.standing(run.uid)
        if standing is None:
            words = "has not been accepted yet, or its record was deleted"
            return Rejected(
                CANNOT_REPEAT, f"the run {run.name} {words}; {kind} it when it has finished"
            )
        if standing.rejection is not None:
            _, why = standing.rejection
            raise UserError(f"the run {run.name} was not accepted, so nothing of it is left: {why}")
        return run.uid


def recalled(parts: Parts, workspace: Workspace, run: str) -> KnownRun:
    """A Run as the catalog has it, which an earlier operator accepted."""
    catalog = workspace.catalog
    record = catalog.runs.load(run)
    replayed = catalog.operating.replayed(run)
    if replayed is not None:  # that operator may have died before it had pinned everything
        pins = _pins(catalog.runs.load(replayed), workspace)
        catalog.attempts.in_snapshot(lambda snapshot: pin(run, pins, snapshot))
    return KnownRun(
        record.id,
        record.name,
        parts.specs.of(record.spec),
        record.parameters,
        record.created_at,
        record.submitted_by or "",
        replay=record.replay,
        resumed=catalog.operating.resumed(run),
    )


def _pins(old: RunRecord, workspace: Workspace) -> Pins:
    return workspace.catalog.attempts.in_snapshot(
        lambda snapshot: pins_of(old.id, old.spec, snapshot)
    )


def _submitted_by(raw: Any) -> str:
    annotations = raw["metadata"].get("annotations")
    found = annotations.get(SUBMITTED_BY) if isinstance(annotations, dict) else None
    return found.replace("\0", "")[:200] if isinstance(found, str) else ""
