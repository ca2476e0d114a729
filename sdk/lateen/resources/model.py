"""The model that a pipeline or a step works with."""

from __future__ import annotations

from lateen.resources.base import ResourceModel
from lateen.resources.fields import Name, Tags, Text, Version


class ModelBinding(ResourceModel):
    """The model that a pipeline or a step works with, and which version of it."""

    name: Name
    """The model's name."""
    version: Version | None = None
    """A stage, `latest`, a number or a name; where absent, each Run makes a new version."""
    description: Text | None = None
    """What the model is, for people."""
    tags: Tags | None = None
    """Words to find the model by."""
