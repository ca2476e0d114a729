"""What one reference of a step became."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lateen.client.views.artifact_version import ArtifactVersionView
from lateen.client.views.model_version import ModelVersionView
from lateen.client.views.provenance import because
from lateen.client.views.record import moment


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What one reference of a step became, and what made it so."""

    input: str
    """The argument's name; empty for a read in the step's body."""
    path: str
    """Where in a list or dict the reference stands; else empty."""
    reference: Mapping[str, Any]
    """As written."""
    words: str
    """The same in words."""
    became: str
    """The version or the value, in a word."""
    artifact: ArtifactVersionView | None
    model: ModelVersionView | None
    stage_event: Mapping[str, Any] | None
    """The promotion that had brought the model version to its stage."""
    commit: Mapping[str, Any] | None
    """The run and the step that had published the artifact version, and when."""
    because: str
    """The promotion or the commit in words."""
    value: Any
    """A metadata value or an attribute."""
    resolved: datetime | None
    """When it was resolved, by the clock of the database."""
    moved: bool
    """Whether the reference meant something else by the time of the commit."""
    kind: str
    """``input``, or ``read`` for a look-up in the step's body."""

    @property
    def digest(self) -> str | None:
        """The digest of the artifact version; None where it became something else."""
        return None if self.artifact is None else self.artifact.digest

    def __str__(self) -> str:
        place = f"{self.input}[{self.path}]" if self.path else self.input
        told = f"{self.words} became {self.became}"
        return f"{f'{place}: ' if place else ''}{told}{f', {self.because}' if self.because else ''}"

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> ReceiptView:
        artifact, model = data["artifact"], data["model"]
        return ReceiptView(
            input=data["input"],
            path=data["path"],
            reference=data["reference"],
            words=data["words"],
            became=data["became"],
            artifact=None if artifact is None else ArtifactVersionView(artifact),
            model=None if model is None else ModelVersionView(model),
            stage_event=data["stage_event"],
            commit=data["commit"],
            because=because(data),
            value=data.get("value"),
            resolved=moment(data["resolved_at"]),
            moved=data["moved"],
            kind=data["kind"],
        )
