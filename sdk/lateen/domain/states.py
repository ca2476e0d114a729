"""The states that runs, steps, attempts and model versions can be in."""

from __future__ import annotations

from enum import StrEnum


class ModelStages(StrEnum):
    """Where a model version stands; staging and production hold one version each."""

    NONE = "none"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    LATEST = "latest"
    """Not a stage: the highest version, accepted where ZenML accepts it."""

    @property
    def exclusive(self) -> bool:
        """Whether one version of a model at most may hold the stage."""
        return self in (ModelStages.STAGING, ModelStages.PRODUCTION)


STAGES = tuple(stage.value for stage in ModelStages if stage is not ModelStages.LATEST)
"""The names of the stages."""


class ModelVersionStatus(StrEnum):
    """Whether the run that made a model version went well."""

    OPEN = "open"
    READY = "ready"
    FAILED = "failed"


class RunPhase(StrEnum):
    """How far a run has come."""

    PENDING = "Pending"
    RUNNING = "Running"
    PAUSED = "Paused"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def finished(self) -> bool:
        return self in (RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELLED)


class Desired(StrEnum):
    """What the owner of a run wants of it."""

    RUNNING = "Running"
    PAUSED = "Paused"
    STOPPED = "Stopped"
    """Start nothing new, let running steps finish, end Cancelled."""
    CANCELLED = "Cancelled"


class StepPhase(StrEnum):
    """How far a step has come."""

    PENDING = "Pending"
    WAITING = "Waiting"
    RUNNING = "Running"
    CACHED = "Cached"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    CANCELLED = "Cancelled"

    @property
    def finished(self) -> bool:
        return self not in (StepPhase.PENDING, StepPhase.WAITING, StepPhase.RUNNING)

    @property
    def good(self) -> bool:
        """Whether what depends on the step may start."""
        return self is StepPhase.SUCCEEDED or self is StepPhase.CACHED


class AttemptState(StrEnum):
    """The state that the fence keeps for an attempt; only the first two may write."""

    OPEN = "open"
    BEGAN = "began"
    COMMITTED = "committed"
    FAILED = "failed"
    FENCED = "fenced"


class FailureCause(StrEnum):
    """Why an attempt failed or was fenced."""

    USER = "user"
    """The step's own code raised, or its outputs do not fit."""
    REFERENCE = "reference"
    """A reference matched nothing: failed before user code, never retried."""
    OUT_OF_MEMORY = "out-of-memory"
    NOT_STARTED = "not-started"
    """Nothing could run it, and no other attempt would change that: never retried."""
    INFRASTRUCTURE = "infrastructure"
    LOST = "lost"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"
