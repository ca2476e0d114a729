"""Ends the runs of dead runners: whoever runs one holds its lock, and a dead process holds none."""

from __future__ import annotations

from lateen.domain.attempts import AttemptKey
from lateen.domain.states import FailureCause, RunPhase, StepPhase
from lateen.planning.decide import Finish
from lateen.stores.catalog.catalog import Catalog

LOST = Finish(RunPhase.FAILED, "Lost", "the process that ran it is gone")


def sweep(catalog: Catalog) -> list[str]:
    """Fails the runs that nobody runs any more; their names."""
    ended = []
    for run, name in catalog.runs.unfinished():
        with catalog.runs.lock(run) as held:
            if held:
                end_run(catalog, run, FailureCause.LOST, LOST)
                ended.append(name)
    return ended


def end_run(catalog: Catalog, run: str, cause: FailureCause, finish: Finish) -> None:
    """Ends a run from outside of its steps: those that run are fenced, the others skipped."""
    for step, n in catalog.runs.open_attempts(run):
        catalog.attempts.fence(AttemptKey(run, step, n), cause)
    state = catalog.runs.load(run).state
    steps = {
        name: {
            "phase": (StepPhase.FAILED if step.attempts else StepPhase.SKIPPED).value,
            "reason": finish.reason,
            "message": finish.message,
        }
        for name, step in state.steps.items()
        if not step.phase.finished
    }
    catalog.runs.finish(
        {
            "run": run,
            "phase": finish.phase.value,
            "reason": finish.reason,
            "message": finish.message,
            "steps": steps,
        }
    )
