"""How an attempt ended."""

from __future__ import annotations

from dataclasses import dataclass

from lateen.domain.receipts import Receipt
from lateen.domain.states import StepPhase
from lateen.step.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, and what the run wants since."""

    phase: StepPhase
    """Waiting: nothing of the attempt is recorded, since a reference may wait for its match."""
    outcome: Outcome
    receipts: tuple[Receipt, ...] = ()
    desired: str | None = None
    cached_from: str | None = None
    """The run whose outputs these are, where they came from the cache."""
