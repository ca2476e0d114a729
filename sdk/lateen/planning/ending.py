"""The end of a run as it is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lateen.domain.states import StepPhase
from lateen.planning.decide import Finish
from lateen.planning.state import Run, Step


def run_end(
    run: str,
    state: Run,
    finish: Finish,
    phase_of: Callable[[Step], StepPhase],
    error: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What the catalog is told when a run ends; steps that have not ended become ``phase_of``."""
    steps = {
        name: {
            "phase": phase_of(step).value,
            "reason": finish.reason,
            "message": finish.message,
        }
        for name, step in state.steps.items()
        if not step.phase.finished
    }
    return {
        "run": run,
        "phase": finish.phase.value,
        "reason": finish.reason,
        "message": finish.message,
        "error": None if error is None else dict(error),
        "steps": steps,
    }
