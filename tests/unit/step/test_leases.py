"""Leases are renewed while blobs are stored, and end with the block where that is asked."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lateen.domain.errors import CatalogUnavailable
from lateen.step.leases import LITTLE, leasing


class Attempts:
    """The catalog's leases in memory; the first renewal fails."""

    def __init__(self) -> None:
        self.leased: list[Any] = []
        self.released: list[str] = []
        self.renewals = 0
        self.renewed_twice = threading.Event()

    def lease(self, holder: str, blobs: Any) -> dict[str, int]:
        self.leased.append((holder, list(blobs)))
        return {"ab": 7}

    def renew(self, holder: str) -> None:
        self.renewals += 1
        if self.renewals == 1:
            raise CatalogUnavailable("not now")
        self.renewed_twice.set()

    def release(self, holder: str) -> None:
        self.released.append(holder)
        raise CatalogUnavailable("not now")


def test_leases_are_taken_for_the_holder_and_end_with_the_block():
    attempts = Attempts()
    with leasing(attempts, "client/1", release=True) as lease:
        assert lease([("ab", 1)]) == {"ab": 7}
        assert attempts.released == []
    assert attempts.leased == [("client/1", [("ab", 1)])]
    assert attempts.released == ["client/1"]


def test_leases_of_an_attempt_are_left_to_its_end():
    attempts = Attempts()
    with leasing(attempts, "run/step/1", release=False) as lease:
        lease([("ab", 1)])
    assert attempts.released == []


def test_where_nothing_was_leased_nothing_is_released():
    attempts = Attempts()
    with leasing(attempts, "client/1", release=True):
        pass
    assert attempts.released == []


def test_leases_are_renewed_though_a_renewal_fails():
    attempts = Attempts()
    with leasing(attempts, "client/1", release=True, every=0.001) as lease:
        lease([("ab", LITTLE + 1)])
        assert attempts.renewed_twice.wait(30)
    count = attempts.renewals
    assert not any(thread.name == "lateen-leases" for thread in threading.enumerate())
    assert attempts.renewals == count


def test_leases_end_where_storing_fails():
    attempts = Attempts()

    def store() -> None:
        with leasing(attempts, "c", release=True) as lease:
            lease([("ab", 1)])
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        store()
    assert attempts.released == ["c"]
