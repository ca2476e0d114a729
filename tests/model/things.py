"""What a workspace consists of, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lateen.domain.spec import ModelSpec, PipelineSpec, StepSpec

STAGES = ("none", "staging", "production", "archived")
EXCLUSIVE = ("staging", "production")
NOTHING: Any = object()


@dataclass(eq=False)
class Version:
    """Of an artifact."""

    artifact: str
    number: int
    name: str | None
    text: str
    made_by: Attempt | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class ModelVersion:
    """Of a model."""

    model: str
    number: int
    name: str | None = None
    run: Run | None = None
    status: str = "open"
    stage: str = "none"
    event: Event | None = None
    links: dict[Version, bool] = field(default_factory=dict)
    """And whether the run that made the model version made the link."""
    metadata: dict[str, Any] = field(default_factory=dict)

    def counting(self) -> dict[str, Version]:
        """For each artifact the link that counts: the producer's, then the highest number."""
        best: dict[str, Version] = {}
        for version in sorted(self.links, key=lambda v: (self.links[v], v.number)):
            best[version.artifact] = version
        return best


@dataclass(eq=False)
class Event:
    """A change of a stage."""

    version: ModelVersion
    before: str
    after: str


@dataclass(frozen=True)
class Found:
    """What a reference became."""

    artifact: Version | None = None
    model: ModelVersion | None = None
    event: Event | None = None
    value: Any = NOTHING

    def same_as(self, other: Found) -> bool:
        if self.value is not NOTHING or other.value is not NOTHING:
            return bool(self.value == other.value)
        if self.artifact or other.artifact:
            return (self.artifact and self.artifact.text) == (
                other.artifact and other.artifact.text
            )
        return self.model is other.model


def _text(version: Version | None) -> str | None:
    return None if version is None else version.text


Inputs = dict[tuple[str, str], Found]


@dataclass(eq=False)
class Attempt:
    """Of a step."""

    run: Run
    step: StepSpec
    n: int
    state: str = "open"
    inputs: Inputs = field(default_factory=dict)
    reads: list[tuple[Any, Found]] = field(default_factory=list)
    """What the body looked up, and what it found."""
    bound: dict[str, Found] = field(default_factory=dict)
    noted: set[str] = field(default_factory=set)
    """What of it is recorded as a read."""
    moved: set[tuple[str, str, str]] = field(default_factory=set)
    """Inputs and references that were something else at the commit."""
    key: str | None = None
    cacheable: bool = True
    began: bool = False
    model: ModelVersion | None = None
    promotions: list[tuple[ModelVersion, str, bool, str | None]] = field(default_factory=list)
    outputs: dict[str, Version] = field(default_factory=dict)
    saved: list[Version] = field(default_factory=list)
    served_by: Attempt | None = None
    moved_away: bool = False
    """Whether it failed since a reference moved that must not."""

    @property
    def spec(self) -> ModelSpec | None:
        return self.run.spec.model_of(self.step)


@dataclass(eq=False)
class Run:
    """Of a pipeline."""

    name: str
    spec: PipelineSpec
    attempts: list[Attempt] = field(default_factory=list)
    phase: str = "Running"
    pins: dict[str, Inputs] | None = None
    """By step: what the run has fixed for all of it, or replays."""
    replays: Run | None = None
    replayed_reads: dict[str, list[tuple[Any, Found]]] = field(default_factory=dict)

    def last(self, step: str) -> Attempt | None:
        return next((a for a in reversed(self.attempts) if a.step.name == step), None)

    def committed(self, step: str) -> Attempt | None:
        done = (a for a in self.attempts if a.step.name == step and a.state == "committed")
        return next(done, None)
