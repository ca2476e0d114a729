"""Ends the runs of dead runners: whoever runs one holds its lock, and a dead process holds none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lateen.domain.attempts import AttemptKey
from lateen.domain.states import FailureCause, RunPhase, StepPhase
from lateen.planning.decide import Finish, decide
from lateen.planning.ending import run_end
from lateen.planning.state import Run, Step
from lateen.step.boundaries import Boundary, reached
from lateen.stores.catalog.catalog import Catalog
from lateen.workspace.observer import default_observer


def sweep(catalog: Catalog) -> None:
    """Ends the runs that nobody runs any more, and tells who looks.

    One whose steps had all ended ends as it would have, the others as lost.
    """
    for run, name in catalog.runs.unfinished():
        with catalog.runs.lock(run) as held:
            if held:
                end = end_run(catalog, run, FailureCause.LOST)
                reached(Boundary.SWEEP_FINISHED)
                told = {"status": end.phase.value, "message": end.message}
                default_observer()({"kind": "run-swept", "run": name, **told})


def end_run(
    catalog: Catalog, run: str, cause: FailureCause, finish: Finish | None = None
) -> Finish:
    """Ends a run from outside of its steps: those that run are fenced, the others skipped."""
    running = catalog.runs.open_attempts(run)
    for step, n in running:
        catalog.attempts.fence(AttemptKey(run, step, n), cause)
        reached(Boundary.SWEEP_FENCED)
    record = catalog.runs.load(run)
    names = [record.spec.step(step).history_name for step, _ in running]
    finish = finish or _due(record.state, catalog.operating.clock()) or lost(names)
    catalog.runs.finish(run_end(run, record.state, finish, _phase))
    return finish


def lost(running: Sequence[str]) -> Finish:
    """The end of a run whose process died while some steps ran."""
    message = "the process that ran it is gone, or could not reach the catalog any more"
    if running:
        message += (
            f", while the step {running[0]!r} ran; if the step killed it, with"
            " `lateen run --isolated` a run outlives the death of a step's process"
        )
    return Finish(RunPhase.FAILED, "Lost", message)


def _phase(step: Step) -> StepPhase:
    return StepPhase.FAILED if step.attempts else StepPhase.SKIPPED


def _due(run: Run, now: datetime) -> Finish | None:
    """The end that its runner was about to give the run."""
    actions = decide(run, now).actions
    return next((action for action in actions if isinstance(action, Finish)), None)
