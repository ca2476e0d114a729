"""Where artifacts are kept, under the names that ZenML has for it."""

from __future__ import annotations

from lateen.client.transport import current


class ArtifactStore:
    """The object store."""

    @property
    def path(self) -> str:
        """Its local path or its URI."""
        return str(current().call("stack")["artifact_store"])


class Stack:
    """What runs work with."""

    @property
    def artifact_store(self) -> ArtifactStore:
        return ArtifactStore()
