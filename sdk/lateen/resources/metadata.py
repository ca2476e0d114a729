"""The part of a resource that Kubernetes itself owns."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from lateen.resources.base import ResourceModel

_SUBDOMAIN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
Subdomain = Annotated[str, StringConstraints(pattern=_SUBDOMAIN, max_length=253)]
Prefix = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=247)]


class ObjectMetadata(ResourceModel):
    """Kubernetes' own metadata of an object."""

    name: Subdomain | None = None
    """The object's name in its namespace."""
    generate_name: Prefix | None = None
    """The beginning of a name that the API server completes."""
    namespace: Annotated[str, Field(max_length=63)] | None = None
    """The namespace, which is the workspace."""
    labels: dict[str, str] | None = None
    """What objects are selected by."""
    annotations: dict[str, str] | None = None
    """What tools note on the object."""
    uid: str | None = None
    """Set by the API server."""
    resource_version: str | None = None
    """Set by the API server."""
    generation: int | None = None
    """Set by the API server."""
    creation_timestamp: str | None = None
    """Set by the API server."""
    deletion_timestamp: str | None = None
    """Set by the API server."""
    deletion_grace_period_seconds: int | None = None
    """Set by the API server."""
    owner_references: list[Any] | None = None
    """Objects with which this one is deleted."""
    finalizers: list[str] | None = None
    """What keeps the object until somebody removes it."""
    managed_fields: list[Any] | None = None
    """Set by the API server."""
    self_link: str | None = None
    """Set by old API servers."""
