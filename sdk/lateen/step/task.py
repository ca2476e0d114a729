"""What publish and resolve must know of the attempt that they work for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lateen.domain.attempts import AttemptKey
from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.step.resolve import needs_own_version


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt of a step, with the frozen spec that it belongs to."""

    attempt: AttemptKey
    holder: str
    """Who may write for it: the process, or the Pod's UID."""
    spec: PipelineSpec
    step: StepSpec
    parameters: Mapping[str, Any]
    """The run's parameters, coerced."""
    run_name: str
    created_at: datetime
    """When the run was created: what placeholders show."""
    by: str
    """Who submitted the run, as far as is known."""
    environment: str
    """The image in a Pod, Python's minor version on a laptop: part of the cache key."""
    waited: float = 0.0
    """For how many seconds the step has waited for what its references may wait for."""
    replay: bool = False
    """Whether the run replays another: everything from outside is what that one had."""


def beginning(task: Task) -> dict[str, Any]:
    """What marks the attempt as begun; with ``model`` the run's own version of it is made."""
    payload: dict[str, Any] = {**task.attempt.columns, "holder": task.holder}
    model = task.spec.model_of(task.step)
    if model is not None and needs_own_version(model):
        payload["model"] = model.to_json()
    return payload
