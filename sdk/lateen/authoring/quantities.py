"""What a step may ask for: the resources of its node, room for its files, and retries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from lateen.domain import spec
from lateen.domain.durations import seconds
from lateen.domain.errors import ParameterError
from lateen.domain.quantities import CPU, MEMORY

Duration = float | str | timedelta
"""Seconds, a text such as ``"5m"`` or ``"1h30m"``, or a timedelta."""


@dataclass(frozen=True)
class Resources:
    """What a step asks of its node; ParameterError for what is no quantity."""

    cpu: str | float | None = None
    """Cores: ``2``, ``0.5`` or ``"500m"``."""
    memory: str | int | None = None
    """Bytes, or a text such as ``"512Mi"`` or ``"4Gi"``; the limit as well."""
    gpu: int | None = None
    """Whole GPUs."""

    def __post_init__(self) -> None:
        _check(self.cpu, CPU, "cpu", "2, 0.5 or '500m'")
        _check(self.memory, MEMORY, "memory", "'512Mi' or '4Gi'")
        if self.gpu is not None and not _is_count(self.gpu):
            raise ParameterError(f"gpu={self.gpu!r}: GPUs are given as a whole number")

    @property
    def spec(self) -> spec.Resources:
        """The request as a compiled step holds it."""
        return spec.Resources(_text(self.cpu), _text(self.memory), self.gpu)


@dataclass(frozen=True)
class WorkDir:
    """The volume of a step's files in a Pod; ParameterError for what is no quantity."""

    size: str | int | None = None
    """Bytes, or a text such as ``"10Gi"``; as much as the node has where not given."""
    medium: str | None = None
    """``"Memory"``, which counts as the step's own; the node's disk where not given."""

    def __post_init__(self) -> None:
        _check(self.size, MEMORY, "size", "'512Mi' or '10Gi'")
        if self.medium not in (None, "Memory"):
            raise ParameterError(f"medium={self.medium!r}: it is 'Memory', or not given")

    @property
    def spec(self) -> spec.WorkDir:
        """The volume as a compiled step holds it."""
        return spec.WorkDir(_text(self.size), self.medium)


def _check(quantity: object, allowed: re.Pattern[str], name: str, examples: str) -> None:
    if quantity is not None and not allowed.fullmatch(str(quantity)):
        raise ParameterError(f"{name}={quantity!r} is no quantity; write it like {examples}")


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _text(quantity: object) -> str | None:
    return None if quantity is None else str(quantity)


@dataclass(frozen=True)
class Retry:
    """How often, and after how long, a failed step is tried again; ParameterError if not so."""

    limit: int = 0
    """Further attempts after the first."""
    backoff: Duration = 10.0
    """How long to wait before the first retry."""
    factor: float = 2.0
    """By what the wait grows with each retry."""
    max_backoff: Duration = 300.0
    refresh: bool = False
    """Whether a retry resolves its references anew."""

    def __post_init__(self) -> None:
        if not _is_count(self.limit):
            raise ParameterError(f"Retry(limit={self.limit!r}): a whole number from 0 on")
        if self.factor < 1:
            raise ParameterError(f"Retry(factor={self.factor!r}): a number from 1 on")
        seconds(self.backoff)
        seconds(self.max_backoff)

    @property
    def spec(self) -> spec.Retry:
        """The policy as a compiled step holds it."""
        return spec.Retry(
            self.limit,
            seconds(self.backoff),
            float(self.factor),
            seconds(self.max_backoff),
            self.refresh,
        )
