"""How long a failure that may pass is borne."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lateen.domain.errors import StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """A number of attempts, with pauses of full jitter that double up to a longest one."""

    attempts: int = 8
    pause: float = 0.1
    """Seconds: the most that the first pause takes."""
    longest: float = 5.0
    """Seconds."""
    timeout: float = 60.0
    """Seconds without a byte after which an answer counts as lost."""

    def over(self, action: Callable[[], T]) -> T:
        """What ``action`` returns once it does; its last StoreUnavailable where it never did."""
        for attempt in range(self.attempts - 1):
            try:
                return action()
            except StoreUnavailable:
                time.sleep(random.uniform(0, min(self.longest, self.pause * 2**attempt)))
        return action()
