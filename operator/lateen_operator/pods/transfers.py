"""What the containers of a Pod say that they brought from the object store and to it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lateen.pod.transfers import FETCHED, STORED
from lateen.step.variables import COMMITTED
from lateen_operator.pods.names import PUBLISH, RESOLVE
from lateen_operator.pods.view import PodView, Terminated

DIRECTIONS = (FETCHED, STORED)


@dataclass(frozen=True, slots=True)
class Transfer:
    """What one container brought in one direction."""

    direction: str
    bytes: float
    seconds: float


def transfers(before: PodView, after: PodView) -> Iterator[Transfer]:
    """What the containers tell that ended between two views of a Pod."""
    for name in (RESOLVE, PUBLISH):
        state = after.container(name).state
        if not isinstance(state, Terminated) or state.exit_code != COMMITTED:
            continue
        if not isinstance(before.container(name).state, Terminated):
            yield from _told(state.message)


def _told(message: str) -> Iterator[Transfer]:
    """Nothing where it is something else: a Pod's status is not ours alone to write."""
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        return
    for direction in DIRECTIONS:
        found = told.get(direction) if isinstance(told, dict) else None
        if (
            isinstance(found, dict)
            and _counts(found.get("bytes"))
            and _counts(found.get("seconds"))
        ):
            yield Transfer(direction, found["bytes"], found["seconds"])


def _counts(number: Any) -> bool:
    if isinstance(number, bool) or not isinstance(number, int | float):
        return False
    return 0 <= number < 1e18 and math.isfinite(number)
