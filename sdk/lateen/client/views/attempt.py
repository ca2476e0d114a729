"""One attempt of a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lateen.client.transport import current
from lateen.client.views.failure import Failure, failure
from lateen.client.views.record import moment
from lateen.domain.states import AttemptState, FailureCause


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt of a step."""

    run: str
    """The run's id."""
    step: str
    """The step's DNS name."""
    number: int
    state: AttemptState
    cause: FailureCause | None
    """Why it failed or was fenced."""
    error: Failure | None
    opened: datetime | None
    began: datetime | None
    """When user code could start."""
    ended: datetime | None
    cached_from: Mapping[str, Any] | None
    """The run, step and attempt whose outputs it took over."""
    cache_key: str | None

    @property
    def logs(self) -> str:
        """What it printed."""
        return str(current().call("logs", run=self.run, step=self.step, n=self.number))

    @staticmethod
    def from_json(run: str, step: str, data: Mapping[str, Any]) -> AttemptView:
        cause = data["cause"]
        return AttemptView(
            run=run,
            step=step,
            number=data["n"],
            state=AttemptState(data["state"]),
            cause=None if cause is None else FailureCause(cause),
            error=failure(data["error"]),
            opened=moment(data["opened_at"]),
            began=moment(data["began_at"]),
            ended=moment(data["ended_at"]),
            cached_from=data["cached_from"],
            cache_key=data["cache_key"],
        )
