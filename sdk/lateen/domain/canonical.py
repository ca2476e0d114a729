"""Canonical JSON and the digests taken over it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

DIGEST_PREFIX = "sha256:"
_NOWHERE_STORED = re.compile("[\0\ud800-\udfff]")


def canonical_json(value: Any) -> str:
    """The one text of a JSON value: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def is_storable(text: str) -> bool:
    """Whether a catalog can hold the text: Postgres takes neither NUL nor half a character."""
    return _NOWHERE_STORED.search(text) is None


def digest_of(value: Any) -> str:
    """``sha256:<hex>`` of a JSON value's canonical text."""
    return digest_of_bytes(canonical_json(value).encode())


def digest_of_bytes(data: bytes) -> str:
    """``sha256:<hex>`` of some bytes."""
    return DIGEST_PREFIX + hashlib.sha256(data).hexdigest()
