"""Ends the runs of dead runners: whoever runs one holds its lock, and a dead process holds none."""

from __future__ import annotations

from datetime import UTC, datetime

from lateen.domain.attempts import AttemptKey
from lateen.domain.states import FailureCause, RunPhase, StepPhase
from lateen.planning.decide import Finish, decide
from lateen.planning.ending import run_end
from lateen.planning.state import Run, Step
from lateen.step.boundaries import Boundary, reached
from lateen.stores.catalog.catalog import Catalog

LOST = Finish(RunPhase.FAILED, "Lost", "the process that ran it is gone")


def sweep(catalog: Catalog) -> list[str]:
    """Ends the runs that nobody runs any more; their names.

    One whose steps had all ended ends as it would have, the others as lost.
    """
    ended = []
    for run, name in catalog.runs.unfinished():
        with catalog.runs.lock(run) as held:
            if held:
                end_run(catalog, run, FailureCause.LOST)
                reached(Boundary.SWEEP_FINISHED)
                ended.append(name)
    return ended


def end_run(catalog: Catalog, run: str, cause: FailureCause, finish: Finish | None = None) -> None:
    """Ends a run from outside of its steps: those that run are fenced, the others skipped."""
    for step, n in catalog.runs.open_attempts(run):
        catalog.attempts.fence(AttemptKey(run, step, n), cause)
        reached(Boundary.SWEEP_FENCED)
    state = catalog.runs.load(run).state
    finish = finish or _due(state) or LOST
    catalog.runs.finish(run_end(run, state, finish, _phase))


def _phase(step: Step) -> StepPhase:
    return StepPhase.FAILED if step.attempts else StepPhase.SKIPPED


def _due(run: Run) -> Finish | None:
    """The end that its runner was about to give the run."""
    actions = decide(run, datetime.now(UTC)).actions
    return next((action for action in actions if isinstance(action, Finish)), None)
