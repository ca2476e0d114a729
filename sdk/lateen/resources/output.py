"""An output of a step."""

from __future__ import annotations

from lateen.resources.base import ResourceModel
from lateen.resources.fields import Document, Tags, Template, Version, Word


class OutputDeclaration(ResourceModel):
    """One output of the step, which becomes a version of an artifact."""

    name: Template
    """The key by which other steps and history name the output."""
    artifact: Template | None = None
    """The artifact's name, with `{date}` and `{time}`; `<pipeline>::<step>::<name>` if absent."""
    version: Version | None = None
    """A name for the version; where absent it has a number only."""
    kind: Word | None = None
    """The artifact's kind, such as `model` or `data`; where absent the value decides."""
    materializer: Word | None = None
    """`module:class` of what saves the value; where absent the value's class decides."""
    pickle: bool | None = None
    """Whether the value may be pickled where nothing else can save it."""
    tags: Tags | None = None
    """Words to find the version by."""
    metadata: Document | None = None
    """Metadata that each version gets."""
