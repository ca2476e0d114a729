"""Which runs a retention lets go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lateen.planning.deletion import Candidate, Need, NeedKind
from lateen.planning.retention import PastRun, Retention, decide_retention

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = 86400.0


def run(name: str, days: float | None, *needs: Need, pipeline: str = "p") -> PastRun:
    ended = None if days is None else NOW - timedelta(days=days)
    return PastRun(Candidate(name, name, needs), pipeline, ended)


def going(runs: list[PastRun], keep_last: int = 0, older_than: float = 30 * DAY) -> list[str]:
    return decide_retention(runs, Retention(keep_last, older_than), NOW).ids


def test_old_runs_go_and_recent_ones_stay():
    assert going([run("new", 1), run("limit", 30), run("old", 31)]) == ["limit", "old"]


def test_the_last_runs_of_each_pipeline_stay_whatever_their_age():
    runs = [run(name, 100, pipeline=name[0]) for name in ("a3", "b2", "a2", "a1", "b1")]
    assert going(runs, keep_last=1) == ["a2", "a1", "b1"]
    assert going(runs, keep_last=2) == ["a1"]


def test_a_run_that_goes_on_has_no_age():
    unfinished = run("r", None, Need(NeedKind.UNFINISHED, ("Running",)))
    assert going([unfinished], older_than=0) == []


@pytest.mark.parametrize("kind", [NeedKind.STAGE, NeedKind.NEWEST_SUCCESS])
def test_what_something_points_to_stays(kind):
    assert going([run("r", 100, Need(kind, ("x",)))]) == []


def test_it_says_why_a_run_is_kept():
    success = Need(NeedKind.NEWEST_SUCCESS, ("p",))
    (kept,) = decide_retention([run("r", 1, success)], Retention(3, 30 * DAY), NOW).kept
    assert kept.why == (
        "newest success of the pipeline p; among the last 3 of p; it ended less than 720h ago"
    )
