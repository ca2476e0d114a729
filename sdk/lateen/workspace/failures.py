"""What is said of a run that did not succeed."""

from __future__ import annotations

from lateen.client.views.run import RunView
from lateen.client.views.step import StepView


def failure_message(view: RunView) -> str:
    """What went wrong in a run, and where to look."""
    lines = [f"the run {view.name} ended {view.status}: {view.message or view.reason}"]
    for step in view.steps.values():
        if step.status == "Failed":
            error = step.attempts[-1].error if step.attempts else None
            lines.append(f"  {step.name}: {error or step.message}")
            if has_begun(step):
                lines.append(
                    f"  its output: lateen logs {view.name} {step.name}; its inputs and where it"
                    f" failed: lateen why {view.name} {step.name}"
                )
    return "\n".join(lines)


def has_begun(step: StepView) -> bool:
    """Whether an attempt of the step came so far that its code could print."""
    return any(attempt.began is not None for attempt in step.attempts)
