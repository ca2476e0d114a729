"""What runs are called, where nobody else has named them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from lateen.authoring.compiled import CompiledPipeline
from lateen.domain.names import check_name
from lateen.domain.placeholders import rendered


def run_name(compiled: CompiledPipeline) -> str:
    """The name that the caller gave, or one of the pipeline, the time and some chance."""
    return given_name(compiled) or generated_name(compiled.spec.name)


def given_name(compiled: CompiledPipeline) -> str | None:
    """The name that the caller gave, with its placeholders filled in."""
    if not compiled.run_name:
        return None
    return check_name(rendered(compiled.run_name, datetime.now(UTC)), "the run")


def generated_name(pipeline: str) -> str:
    """A name for a run of a pipeline: of the time, and of chance enough for thousands a second."""
    return f"{pipeline}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
