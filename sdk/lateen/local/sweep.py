"""Ends the runs of dead runners: whoever runs one holds its lock, and a dead process holds none."""

from __future__ import annotations

from lateen.domain.attempts import AttemptKey
from lateen.domain.states import FailureCause, RunPhase
from lateen.stores.catalog.catalog import Catalog

MESSAGE = "the process that ran it is gone"


def sweep(catalog: Catalog) -> list[str]:
    """Fails the runs that nobody runs any more; their names."""
    ended = []
    for run, name in catalog.runs.unfinished():
        with catalog.runs.lock(run) as held:
            if held:
                _end(catalog, run)
                ended.append(name)
    return ended


def _end(catalog: Catalog, run: str) -> None:
    for step, n in catalog.runs.open_attempts(run):
        catalog.attempts.fence(AttemptKey(run, step, n), FailureCause.LOST)
    state = catalog.runs.load(run).state
    steps = {
        name: {
            "phase": "Failed" if step.attempts else "Skipped",
            "reason": "Lost",
            "message": MESSAGE,
        }
        for name, step in state.steps.items()
        if not step.phase.finished
    }
    catalog.runs.finish(
        {
            "run": run,
            "phase": RunPhase.FAILED.value,
            "reason": "Lost",
            "message": MESSAGE,
            "steps": steps,
        }
    )
