"""What a step asks of the node that runs it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lateen.resources.base import ResourceModel
from lateen.resources.fields import Quantity, Word

Quantities = Annotated[dict[Word, Quantity], Field(max_length=16)]


class ComputeResources(ResourceModel):
    """Requests and limits of the step's container, as in a Pod."""

    requests: Quantities | None = None
    """What the node must have free, such as `cpu: 500m` and `memory: 1Gi`."""
    limits: Quantities | None = None
    """What the step may use at most; GPUs stand here, as `nvidia.com/gpu`."""
