"""A store that does not answer is asked once for all."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path

import pytest

from lateen.domain.errors import CorruptBlobError, SetupError, StoreUnavailable
from lateen.stores.objects.directory import DirectoryStore
from lateen_operator.breaker import SOON, Breaker
from lateen_operator.guarded_store import GuardedStore
from tests.unit.lateen_operator.steady import Steady

DIGEST = "0" * 64


class Failing(DirectoryStore):
    """Fails as it is told to."""

    error: Exception | None = None
    asked = 0

    def exists(self, sha256: str, generation: int) -> bool:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return super().exists(sha256, generation)


@pytest.fixture
def failing(tmp_path: Path) -> Failing:
    return Failing(tmp_path)


def test_a_store_that_does_not_answer_is_not_asked_again_at_once(failing: Failing) -> None:
    clock = Steady()
    store = GuardedStore(failing, Breaker(clock))
    failing.error = StoreUnavailable("nobody answers")
    for _ in range(5):
        with pytest.raises(StoreUnavailable, match="nobody answers"):
            store.exists(DIGEST, 0)
    assert failing.asked == 1
    failing.error = None
    clock.now += 1
    assert not store.exists(DIGEST, 0)
    assert not store.exists(DIGEST, 0)
    assert failing.asked == 3


def test_one_blip_of_a_store_counts_once_for_all_who_were_asking(tmp_path: Path) -> None:
    clock = Steady()

    class Blip(DirectoryStore):
        """Fails for two who ask at once."""

        asked = 0

        def exists(self, sha256: str, generation: int) -> bool:
            self.asked += 1
            if self.asked == 1:
                clock.now += 0.1
                with pytest.raises(StoreUnavailable):
                    store.exists(DIGEST, 0)
            if self.asked == 2:
                raise StoreUnavailable("nobody answers")
            return False

    store = GuardedStore(Blip(tmp_path), Breaker(clock))
    with pytest.raises(StoreUnavailable):
        store.exists(DIGEST, 0)
    clock.now += SOON
    assert not store.exists(DIGEST, 0)


@pytest.mark.parametrize("error", [SetupError("no bucket"), CorruptBlobError("other bytes")])
def test_a_store_that_refuses_has_answered(failing: Failing, error: Exception) -> None:
    store = GuardedStore(failing, Breaker(Steady()))
    failing.error = error
    for _ in range(2):
        with pytest.raises(type(error)):
            store.exists(DIGEST, 0)
    assert failing.asked == 2


def test_everything_else_goes_to_the_store_itself(tmp_path: Path) -> None:
    data = b"late"
    digest = sha256(data).hexdigest()
    store = GuardedStore(DirectoryStore(tmp_path / "store"), Breaker(Steady()))
    store.put(digest, 1, io.BytesIO(data), len(data))
    assert store.exists(digest, 1)
    assert store.size(digest, 1) == len(data)
    assert list(store.blobs()) == [(digest, 1)]
    store.get(digest, 1, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    assert store.drop_unfinished(0) == 0
    store.delete(digest, 1)
    assert not store.exists(digest, 1)
