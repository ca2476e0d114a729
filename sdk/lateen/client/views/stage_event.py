"""One change of a model version's stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lateen.client.views.run import RunView
from lateen.domain.states import ModelStages


@dataclass(frozen=True, slots=True)
class StageEventView:
    """One change of a model version's stage; who made it, and where."""

    id: int
    """Grows with every event of a model; ``as_of`` takes it."""
    version: str
    """The version as people write it: its name where it has one, else its number."""
    number: int
    from_stage: ModelStages
    to_stage: ModelStages
    at: datetime
    by: str | None
    """Who, as far as is known."""
    run: RunView | None = field(compare=False)
    """The run whose step did it; None outside of one, and where the run was deleted."""
    step: str | None
    """The step that did it; None outside of one."""

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> StageEventView:
        return StageEventView(
            id=data["id"],
            version=data["version"],
            number=data["number"],
            from_stage=ModelStages(data["from"]),
            to_stage=ModelStages(data["to"]),
            at=datetime.fromisoformat(data["at"]),
            by=data["by"],
            run=None if data["run"] is None else RunView(data["run"]),
            step=data["step"],
        )
