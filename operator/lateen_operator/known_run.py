"""A Run as a worker knows it from one look to the next; nothing is lost where this is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lateen.domain.spec import PipelineSpec, StepSpec
from lateen.planning.state import Plan
from lateen.stores.catalog.operating import RunNow
from lateen_operator.pods.verdict import Shown
from lateen_operator.status import RunReport


@dataclass(frozen=True, slots=True)
class Frozen:
    """A spec with what is taken from it again and again, shared by all Runs that have it."""

    spec: PipelineSpec
    digest: str
    plan: Plan
    steps: Mapping[str, StepSpec]

    @staticmethod
    def of(spec: PipelineSpec) -> Frozen:
        steps = {step.name: step for step in spec.steps}
        return Frozen(spec, spec.digest, Plan.of(spec), steps)


@dataclass(slots=True)
class KnownRun:
    """What does not change about an accepted Run, and what was seen last."""

    id: str
    catalog_name: str
    frozen: Frozen
    parameters: Mapping[str, Any]
    created_at: datetime
    by: str
    replay: bool = False
    resumed: str | None = None
    """The id of the run whose committed steps are kept."""
    now: RunNow | None = None
    """How it stood when it was last looked at."""
    observed: RunNow | None = None
    """How the catalog had it when it was last asked."""
    look_again: dict[str, datetime] = field(default_factory=dict)
    """When the references of a waiting step, or its Pod that was refused, are tried again."""
    created: set[str] = field(default_factory=set)
    """The Pods that this process made or saw."""
    shown: dict[str, Shown] = field(default_factory=dict)
    """Why the Pods of steps do not start."""
    inputs: dict[str, str] = field(default_factory=dict)
    """What the references of steps became."""
    report: RunReport | None = None
    """What was shown last."""
