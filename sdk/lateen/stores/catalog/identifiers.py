"""Identifiers of new rows, in the order in which they are made."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def new_identifier() -> UUID:
    """A UUID of version 7 (RFC 9562): milliseconds, then 74 bits of chance.

    Rows that are made together lie together in their indexes then: among ten million others, a
    random one has each insertion read a page from disk, and log it whole.
    """
    time_and_chance = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    return UUID(int=time_and_chance & ~(0xF << 76) & ~(0b11 << 62) | 7 << 76 | 0b10 << 62)
