from __future__ import annotations

import io
import json
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from lateen.domain.errors import CorruptBlobError, SetupError, StoreUnavailable
from lateen.pod.objects import PodObjects
from lateen.step.ports import ObjectStore
from lateen.stores.objects.directory import DirectoryStore


class _Refusing:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error


def refusing(error: Exception) -> PodObjects:
    return PodObjects(lambda: cast(ObjectStore, _Refusing(error)))


def test_credentials_that_ran_out_are_waited_for() -> None:
    with pytest.raises(StoreUnavailable, match="refuses"):
        refusing(SetupError("the object store refuses the bucket")).exists("0", 1)


def test_damaged_bytes_stay_damaged() -> None:
    with pytest.raises(CorruptBlobError):
        refusing(CorruptBlobError("other bytes")).size("0", 1)


def test_it_is_opened_once_and_with_its_first_use() -> None:
    opened: list[ObjectStore] = []

    def open_() -> ObjectStore:
        opened.append(cast(ObjectStore, _Empty()))
        return opened[-1]

    objects = PodObjects(open_)
    assert opened == []
    assert not objects.exists("0", 1)
    objects.open()
    assert len(opened) == 1


def test_a_wrong_set_up_is_told_to_whoever_uses_it() -> None:
    def open_() -> ObjectStore:
        raise SetupError("no such store")

    objects = PodObjects(open_)
    objects.open_meanwhile()
    with pytest.raises(StoreUnavailable, match="no such store"):
        objects.exists("0", 1)


def test_what_is_brought_is_counted_and_told_where_containers_leave_their_last_words(
    tmp_path: Path,
) -> None:
    objects = PodObjects(lambda: DirectoryStore(tmp_path / "store"))
    ticks = count(step=0.5)
    objects.transfers.clock = lambda: next(ticks)
    for content in (b"one", b"three"):
        digest = sha256(content).hexdigest()
        objects.put(digest, 1, io.BytesIO(content), len(content))
        objects.get(digest, 1, tmp_path / digest)
    said = tmp_path / "termination-log"
    objects.transfers.tell(said)
    assert not said.exists()  # outside of a container
    said.touch()
    objects.transfers.tell(said)
    sums = {"bytes": 8, "seconds": 1.0}
    assert json.loads(said.read_text()) == {"stored": sums, "fetched": sums}


def test_who_brought_nothing_says_nothing(tmp_path: Path) -> None:
    said = tmp_path / "termination-log"
    said.touch()
    PodObjects(lambda: DirectoryStore(tmp_path / "store")).transfers.tell(said)
    assert said.read_text() == ""


class _Empty:
    def exists(self, sha256: str, generation: int) -> bool:
        return False
