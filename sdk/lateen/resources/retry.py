"""How a failed step is tried again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lateen.resources.base import ResourceModel
from lateen.resources.fields import Duration


class RetryPolicy(ResourceModel):
    """How often, and after how long, a failed step is tried again."""

    limit: Annotated[int, Field(ge=0, le=100)] | None = None
    """Further attempts after the first; 0 where absent."""
    backoff: Duration | None = None
    """How long to wait before the first retry; `10s` where absent."""
    factor: Annotated[float, Field(ge=1, le=100)] | None = None
    """By how much the wait grows with each retry; 2 where absent."""
    max_backoff: Duration | None = None
    """The longest wait; `5m` where absent."""
    refresh: bool | None = None
    """Whether a retry resolves its references anew instead of keeping what they became."""
