"""What containers tell of their transfers is counted once, and nothing else is."""

from __future__ import annotations

import json

import pytest

from lateen_operator.pods.transfers import Transfer, transfers
from lateen_operator.pods.view import PodView
from tests.unit.lateen_operator.pods.made import ended, pod, running

TOLD = json.dumps({"fetched": {"bytes": 7, "seconds": 0.5}, "stored": {"bytes": 9, "seconds": 2}})
STARTED = PodView.from_json(pod(running()))


def counted(before: PodView, after: PodView) -> list[Transfer]:
    return list(transfers(before, after))


def test_a_container_that_has_ended_is_counted_once() -> None:
    fetched = PodView.from_json(pod(ended(message=TOLD), running(), running()))
    assert counted(STARTED, fetched) == [Transfer("fetched", 7, 0.5), Transfer("stored", 9, 2)]
    assert counted(fetched, fetched) == []
    stored = json.dumps({"stored": {"bytes": 9, "seconds": 2}})
    done = PodView.from_json(pod(ended(message=TOLD), ended(), ended(message=stored)))
    assert counted(fetched, done) == [Transfer("stored", 9, 2)]


def test_the_steps_own_words_do_not_count() -> None:
    assert counted(STARTED, PodView.from_json(pod(ended(), ended(message=TOLD), running()))) == []


@pytest.mark.parametrize(
    "message",
    [
        "",
        "a log",
        "[1]",
        "[" * 100_000,
        '{"fetched": 7}',
        '{"fetched": {"bytes": -1, "seconds": 1}}',
        '{"fetched": {"bytes": true, "seconds": 1}}',
        '{"fetched": {"bytes": NaN, "seconds": 1}}',
        '{"fetched": {"bytes": 1}}',
        '{"other": {"bytes": 1, "seconds": 1}}',
    ],
)
def test_other_words_are_nothing_to_count(message: str) -> None:
    assert counted(STARTED, PodView.from_json(pod(ended(message=message)))) == []


def test_a_container_that_failed_tells_of_its_failure() -> None:
    assert counted(STARTED, PodView.from_json(pod(ended(10, message=TOLD)))) == []
