"""What publish and resolve must know of the attempt that they work for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lateen.domain.attempts import AttemptKey
from lateen.domain.spec import PipelineSpec, StepSpec


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
