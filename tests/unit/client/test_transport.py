from __future__ import annotations

import pytest

from lateen.client import transport
from lateen.domain.errors import SetupError
from tests.unit.client.memory import MemoryTransport


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(transport, "_default", None)


def test_the_default_is_asked_for_when_it_is_needed():
    made: list[MemoryTransport] = []

    def make() -> MemoryTransport:
        made.append(MemoryTransport({}))
        return made[-1]

    transport.set_transport(make)
    assert made == []
    assert transport.current() is made[-1]


def test_what_was_entered_last_is_current_until_it_is_left():
    default, outer, inner = (MemoryTransport({}) for _ in range(3))
    transport.set_transport(lambda: default)
    transport.enter(outer)
    transport.enter(inner)
    assert transport.current() is inner
    assert transport.leave() is inner
    assert transport.current() is outer
    transport.leave()
    assert transport.current() is default


def test_without_any_the_error_says_so():
    with pytest.raises(SetupError, match="no target has been set"):
        transport.current()
