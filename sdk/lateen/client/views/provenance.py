"""What made a reference what it became, in words: a promotion, or the commit of a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.client.views.record import clock

Json = Mapping[str, Any]


def because(receipt: Json) -> str:
    """Who promoted or published what a reference became, in which run, and when."""
    model, event, commit = receipt["model"], receipt["stage_event"], receipt["commit"]
    reasons = []
    if model and (receipt["artifact"] or receipt["has_value"]):
        reasons.append(f"of {model['name']}@{model['version']}")
    if event:
        reasons.append(f"{event['from']} -> {event['to']}{_by(event)}, {clock(event['at'])}")
    elif commit:
        reasons.append(f"published{_by(commit)}, {clock(commit['at'])}")
    if receipt["moved"]:
        reasons.append("moved before the commit")
    return "; ".join(reasons)


def _by(done: Json) -> str:
    """`` by ada in promote of training-1``, as far as is known."""
    person = f" by {done['by']}" if done.get("by") else ""
    if not done["run"]:
        if done["step"]:
            return f"{person} in step {done['step']} of a deleted run"
        return person or " outside of a run"
    step = f"{done['step']} of " if done["step"] else ""
    return f"{person} in {step}{done['run']['name']}"
