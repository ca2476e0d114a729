"""A run that has ended does not go on, and says how the rest of it may be done."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.domain.errors import UserError
from lateen.domain.states import Desired
from lateen.workspace.wishes import check_desired
from tests.unit.client.memory import full_run

AGAIN = "run its pipeline again, and what its steps committed comes from the cache"
RESUMED = f"{AGAIN}, or make a Run with `resume: training-1`, which keeps all of that"


def refusal(wanted: Desired, **fields: Any) -> str:
    with pytest.raises(UserError) as caught:
        check_desired(full_run(1, **fields), wanted)
    return str(caught.value)


@pytest.mark.parametrize(("target", "words"), [("local", AGAIN), ("cluster", RESUMED)])
def test_what_failed_is_not_resumed_but_may_be_done_again(target: str, words: str) -> None:
    ended = refusal(Desired.RUNNING, status="Failed", target=target)
    assert ended.endswith(f": it cannot be resumed any more; {words}")
    ending = refusal(Desired.RUNNING, status="Running", desired="Stopped", target=target)
    assert ending.endswith(f"so it cannot be told to be Running; {words}")


def test_what_succeeded_or_is_to_end_otherwise_needs_nothing_else() -> None:
    assert refusal(Desired.RUNNING, status="Succeeded").endswith("be resumed any more")
    assert refusal(Desired.PAUSED, status="Failed").endswith("be paused any more")
