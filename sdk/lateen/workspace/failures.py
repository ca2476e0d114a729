"""What is said of a run that did not succeed."""

from __future__ import annotations

from lateen.client.views.run import RunView


def failure_message(view: RunView) -> str:
    """What went wrong in a run, and where to look."""
    lines = [f"the run {view.name} ended {view.status}: {view.message or view.reason}"]
    for step in view.steps.values():
        if step.status == "Failed":
            error = step.attempts[-1].error if step.attempts else None
            lines.append(f"  {step.name}: {error or step.message}")
            lines.append(f"  its output: lateen logs {view.name} {step.name}")
    return "\n".join(lines)
