"""Values that JSON gives back as they were."""

from __future__ import annotations

import json
import math
from typing import Any

from lateen.domain.canonical import canonical_json, is_storable


def is_plain(value: Any) -> bool:
    """Whether JSON gives the value back as it was; a tuple would come back as a list."""
    if isinstance(value, str):
        return is_storable(value)
    if value is None or isinstance(value, int):
        return True
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(
            isinstance(key, str) and is_storable(key) and is_plain(item)
            for key, item in value.items()
        )
    return False


def copied(value: Any) -> Any:
    """A plain value as it is now, in JSON's own classes, so that later changes cannot reach it."""
    if type(value) in (type(None), bool, int, float, str):
        return value
    return json.loads(canonical_json(value))


def shortened(value: Any) -> str:
    """A value on one line of a message."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
