"""The identifiers of artifact versions: random, but near to one another when made together."""

from __future__ import annotations

from uuid import UUID

SECONDS = 16
"""For how long the first characters stay the same."""


def version_id(now: float, chance: UUID) -> UUID:
    """A random UUID but for its first twelve bits, which go round with the clock in 18 hours.

    What is made within the same seconds lies together in the catalog's indexes, where a random
    identifier has each insertion read a page of its own and log it whole. People look versions up
    by their first characters: to tell apart what was made together takes three more of them. It is
    of version 8 (RFC 9562). ``now`` is in seconds since 1970, ``chance`` a random UUID.
    """
    turning = int(now // SECONDS) & 0xFFF
    random = chance.int & ~(0xFFF << 116) & ~(0xF << 76)
    return UUID(int=random | turning << 116 | 8 << 76)
