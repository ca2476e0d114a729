"""The clock of a database elsewhere decides, however far this computer's is from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest

from lateen import Client, Retry, get_step_context, pipeline, step
from lateen.domain.attempts import AttemptKey
from lateen.domain.states import FailureCause, RunPhase
from lateen.local import target
from lateen.local.submission import submitted

CLOCK = """
CREATE SCHEMA IF NOT EXISTS off;
CREATE OR REPLACE FUNCTION off.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() + interval '{hours} hours' $$
"""


@pytest.fixture
def off_by(workspace_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Puts the clock of the database so many hours ahead of this computer's."""

    def put(hours: int) -> None:
        with psycopg.connect(workspace_url, autocommit=True) as connection:
            connection.execute(CLOCK.format(hours=hours))
        sign = "&" if "?" in workspace_url else "?"
        path = "options=-csearch_path%3Doff,public,pg_catalog"
        monkeypatch.setenv("LATEEN_DATABASE_URL", f"{workspace_url}{sign}{path}")

    return put


@step(enable_cache=False, retry=Retry(backoff=0))
def lost_once() -> int:
    context = get_step_context()
    if context.attempt == 1:
        attempt = AttemptKey(context.run.id, "lost-once", 1)
        target.default().catalog.attempts.fence(attempt, FailureCause.LOST)
    return context.attempt


@pipeline(timeout="30m")
def bounded():
    return lost_once()


@pytest.mark.timeout(30)
@pytest.mark.parametrize("hours", [1, -1])
def test_a_step_that_was_lost_is_tried_again_at_once_and_its_run_is_not_late(
    off_by: Callable[[int], None], hours: int
) -> None:
    off_by(hours)
    assert bounded().outputs["output"].load() == 2


@pytest.mark.parametrize("hours", [1, -1])
def test_a_run_that_nobody_runs_is_lost_and_not_late(
    off_by: Callable[[int], None], hours: int
) -> None:
    off_by(hours)
    workspace = target.default().workspace
    run = submitted(bounded.compile(), workspace)
    workspace.catalog.runs.start(run.id)
    found = Client().get_pipeline_run(run.name)
    assert (found.status, found.reason) == (RunPhase.FAILED, "Lost")


@step(enable_cache=False, retry=Retry(limit=1, backoff="1h", max_backoff="1h"))
def tried_tomorrow() -> int:
    if get_step_context().attempt == 1:
        raise ValueError("not today")
    return 2


@pipeline
def overnight():
    return tried_tomorrow()


@pytest.mark.timeout(30)
def test_a_computer_that_was_asleep_learns_the_time_while_it_waits(
    off_by: Callable[[int], None],
) -> None:
    def sleep(event: Mapping[str, Any]) -> None:
        if event["kind"] == "step-retried":
            off_by(2)

    off_by(0)
    run = target.default().run(overnight.compile(), observer=sleep)
    assert run.outputs["output"].load() == 2
