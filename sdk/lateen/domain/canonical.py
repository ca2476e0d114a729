"""Canonical JSON and the digests taken over it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from lateen.domain.names import shown

DIGEST_PREFIX = "sha256:"
_ENCODE = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
_NOWHERE_STORED = re.compile("[\0\ud800-\udfff]")


def canonical_json(value: Any) -> str:
    """The one text of a JSON value: sorted keys, no spaces, no NaN."""
    return _ENCODE(value)


def is_storable(text: str) -> bool:
    """Whether a catalog can hold the text: Postgres takes neither NUL nor half a character."""
    return _NOWHERE_STORED.search(text) is None


def check_texts(value: Any) -> None:
    """ValueError for a text that no catalog can hold, anywhere in a JSON value."""
    match value:
        case str() if not is_storable(value):
            raise ValueError(f"{shown(value)} holds a NUL or half a character")
        case list() | tuple():
            for item in value:
                check_texts(item)
        case dict():
            check_texts([*value.keys(), *value.values()])


def digest_of(value: Any) -> str:
    """``sha256:<hex>`` of a JSON value's canonical text."""
    return digest_of_bytes(canonical_json(value).encode())


def digest_of_bytes(data: bytes) -> str:
    """``sha256:<hex>`` of some bytes."""
    return DIGEST_PREFIX + hashlib.sha256(data).hexdigest()
