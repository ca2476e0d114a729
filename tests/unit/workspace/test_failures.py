"""What is said of a failed run leads only to what is there."""

from __future__ import annotations

import pytest

from lateen.client.views.run import RunView
from lateen.workspace.failures import failure_message
from tests.unit.client.memory import attempt, full_run, step


@pytest.mark.parametrize(
    ("began_at", "shown"), [("2026-03-01T12:30:01+00:00", True), (None, False)]
)
def test_the_output_is_named_where_the_step_began(began_at: str | None, shown: bool) -> None:
    attempts = [attempt(began_at=began_at, state="failed", cause="user")]
    failed = step("load", status="Failed", message="no", attempts=attempts)
    view = RunView(full_run(1, status="Failed", steps=[failed]))
    assert ("its output: lateen logs" in failure_message(view)) is shown
