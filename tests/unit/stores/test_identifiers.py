from __future__ import annotations

import time

from lateen.stores.catalog.identifiers import new_identifier


def test_identifiers_are_uuids_of_version_7_that_begin_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    identifier = new_identifier()
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")
    assert before <= identifier.int >> 80 <= time.time_ns() // 1_000_000


def test_identifiers_of_one_millisecond_differ() -> None:
    assert len({new_identifier() for _ in range(10_000)}) == 10_000
