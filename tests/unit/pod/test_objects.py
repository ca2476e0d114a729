from __future__ import annotations

from typing import Any, cast

import pytest

from lateen.domain.errors import CorruptBlobError, SetupError, StoreUnavailable
from lateen.pod.objects import PodObjects
from lateen.step.ports import ObjectStore


class _Refusing:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        raise self._error


def refusing(error: Exception) -> PodObjects:
    return PodObjects(cast(ObjectStore, _Refusing(error)))


def test_credentials_that_ran_out_are_waited_for() -> None:
    with pytest.raises(StoreUnavailable, match="refuses"):
        refusing(SetupError("the object store refuses the bucket")).exists("0", 1)


def test_damaged_bytes_stay_damaged() -> None:
    with pytest.raises(CorruptBlobError):
        refusing(CorruptBlobError("other bytes")).size("0", 1)
