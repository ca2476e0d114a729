"""The enumerations that user code names, under the module name that ZenML has for them."""

from __future__ import annotations

from lateen.domain.kinds import ArtifactType, VisualizationType
from lateen.domain.states import (
    AttemptState,
    ModelStages,
    ModelVersionStatus,
    RunPhase,
    StepPhase,
)

__all__ = [
    "ArtifactType",
    "AttemptState",
    "ModelStages",
    "ModelVersionStatus",
    "RunPhase",
    "StepPhase",
    "VisualizationType",
]
