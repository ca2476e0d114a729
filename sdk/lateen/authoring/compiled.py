"""What compiling a pipeline yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lateen.authoring.definition import StepDefinition
from lateen.domain.spec import PipelineSpec


@dataclass(frozen=True)
class CompiledPipeline:
    """A frozen pipeline, with what only this process has of it."""

    spec: PipelineSpec
    definitions: Mapping[str, StepDefinition]
    """The functions behind the steps, by DNS name."""
    uploads: Mapping[str, Any] = field(default_factory=dict)
    """Values to save before the run: placeholder digests such as ``upload:0`` in the spec."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The values that this call gave to parameters which a run may set."""
    source: str | None = None
    """The file that holds the pipeline's function."""
    run_name: str | None = None
    """What the run is to be called, perhaps with ``{date}`` and ``{time}``."""
