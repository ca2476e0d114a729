"""An attempt's identity, and an earlier attempt whose outputs can be taken over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lateen.domain.receipts import Receipt


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """Which attempt of which step of which run."""

    run: str
    """The run's id."""
    step: str
    """The step's DNS name."""
    n: int
    """1 for the first."""

    @property
    def columns(self) -> dict[str, Any]:
        """The key as the parameters of a query."""
        return {"run": self.run, "step": self.step, "n": self.n}

    def __str__(self) -> str:
        return f"attempt {self.n} of the step {self.step!r}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A committed attempt under the same cache key."""

    source: AttemptKey
    run_name: str
    outputs: Mapping[str, str]
    """The ids of the versions that it put out, by output."""
    blobs: Mapping[str, int | None]
    """The generation of each blob of all that it made; None where it was deleted."""
    saved: tuple[str, ...]
    """Versions that it saved beside its outputs."""
    metadata: Mapping[str, Any]
    """What it logged on its step."""
    model_version: str | None
    """The id of the model version that it worked with."""
    model_metadata: Mapping[str, Any]
    """What it logged on the model version that it worked with."""
    reads: tuple[Receipt, ...]
    """What its body looked up."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What may not have become something else when an attempt commits.

    Whoever would change any of it waits for the commit, or the commit for them.
    """

    artifacts: frozenset[str]
    """By name, like models and pipelines."""
    models: frozenset[str]
    pipelines: frozenset[str]
    artifact_versions: frozenset[str]
    """By id, like model versions: what is logged on them, or linked to them, stays too."""
    model_versions: frozenset[str]
    check: Callable[[Any], None]
    """Raises where any of it has; asks the transaction that commits, a Snapshot."""
