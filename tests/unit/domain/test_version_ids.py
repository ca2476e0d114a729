from __future__ import annotations

import random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.version_ids import SECONDS, version_id

SEED = 20_000_000
TIMES = st.floats(0, 4e9)


@given(TIMES, st.uuids(version=4))
def test_all_but_the_clock_and_the_version_is_chance(now: float, chance: UUID) -> None:
    made = version_id(now, chance)
    assert (made.version, made.variant) == (8, chance.variant)
    assert str(made)[3:14] == str(chance)[3:14]
    assert str(made)[15:] == str(chance)[15:]


@given(TIMES, st.uuids(version=4), st.uuids(version=4))
def test_what_is_made_within_the_same_seconds_begins_alike(
    now: float, one: UUID, other: UUID
) -> None:
    begun = now // SECONDS * SECONDS
    first = str(version_id(begun, one))[:3]
    assert str(version_id(begun + SECONDS - 0.001, other))[:3] == first
    assert str(version_id(begun + SECONDS, other))[:3] != first


def test_a_thousand_of_the_same_second_are_told_apart_by_their_first_characters() -> None:
    chance = random.Random(SEED)
    made = [version_id(1e9, UUID(int=chance.getrandbits(128), version=4)) for _ in range(1000)]
    assert len({str(each)[:8] for each in made}) >= 998
    assert len({str(each)[:10] for each in made}) == 1000
