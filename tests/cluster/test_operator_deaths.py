"""The operator dies at every point of a look, and the catalog goes away: Runs end right."""

from __future__ import annotations

from collections.abc import Callable

from lateen.step.boundaries import Boundary
from tests.cluster.api import EVENTS, Json
from tests.cluster.catalog_link import CatalogLink
from tests.cluster.runs import GATE, Ground, Run, Space, shell

SOON = 15.0
NOTHING = {"artifact": {"name": "never-made"}}


def _chain(space: Space) -> Run:
    return space.start(shell("step"), shell("next", after=["step"]))


def _refused(space: Space) -> Run:
    return space.start(shell("step", after=["nobody"]))


def _failing(space: Space) -> Run:
    return space.start(shell("step", "exit 3"), shell("next", after=["step"]))


def _waiting(space: Space) -> Run:
    return space.start(shell("step", inputs={"given": {**NOTHING, "wait": "4s"}}))


def _sleeping(space: Space) -> Run:
    return space.start(shell("step", "sleep 600"))


WAYS: dict[Boundary, Callable[[Space], Run]] = {
    Boundary.OPERATOR_CREATED: _chain,
    Boundary.OPERATOR_REJECTED: _refused,
    Boundary.OPERATOR_STARTED: _chain,
    Boundary.OPERATOR_PROBED: _chain,
    Boundary.OPERATOR_OPENED: _chain,
    Boundary.OPERATOR_POD_MADE: _chain,
    Boundary.OPERATOR_WAITING: _waiting,
    Boundary.OPERATOR_SKIPPED: _failing,
    Boundary.OPERATOR_FINISHING: _chain,
    Boundary.OPERATOR_FINISHED: _chain,
    Boundary.OPERATOR_ENDED: _sleeping,
    Boundary.OPERATOR_POD_DELETED: _sleeping,
}
"""What brings the operator to each boundary."""
CANCELLED = (Boundary.OPERATOR_ENDED, Boundary.OPERATOR_POD_DELETED)


def test_every_boundary_of_the_operator_is_tried() -> None:
    assert set(WAYS) == {boundary for boundary in Boundary if boundary.startswith("operator.")}


def test_the_operator_may_die_at_any_boundary_and_another_one_goes_on(ground: Ground) -> None:
    space, operator = ground
    sleeping = {boundary: WAYS[boundary](space) for boundary in CANCELLED}
    for run in sleeping.values():
        run.running("step")
    operator.stop()
    runs = dict(sleeping)
    for boundary, way in WAYS.items():
        if boundary in sleeping:
            sleeping[boundary].desire("Cancelled")
        else:
            runs[boundary] = way(space)
        operator.start(wait=False, LATEEN_CRASH_AT=boundary.value)
        assert operator.died(), (boundary, operator.logs())
    operator.start()

    for boundary, run in runs.items():
        _ends_right(boundary, run)


def _ends_right(boundary: Boundary, run: Run) -> None:
    way = WAYS[boundary]
    if way is _refused:
        run.until(lambda: run.condition("Accepted").get("status") == "False", "it to be refused")
        assert "nobody" in run.condition("Accepted")["message"]
        assert run.pods() == []
        return
    expected = {_chain: "Succeeded", _sleeping: "Cancelled"}.get(way, "Failed")
    assert run.finished() == expected, (boundary, run.everything())
    assert run.recorded()[0] == expected, boundary
    good = ("step", "next") if way is _chain else ()
    for step in good:
        assert run.ends(step) == [("committed", None)], (boundary, step)
        assert run.committed(step) == 1, (boundary, step)
        assert len(run.pods(step)) == 1, (boundary, step)
    if way is _sleeping:
        assert run.ends("step") == [("fenced", "cancelled")], boundary
        run.until(lambda: _gone(run.pods()), "the Pod to go", 40)
    if way is _failing:
        assert run.step("next")["phase"] == "Skipped"


def _gone(pods: list[Json]) -> bool:
    """Whether none of these Pods runs."""
    return all(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in pods)


def test_without_the_catalog_nothing_starts_running_steps_go_on_and_deletion_works(
    ground: Ground,
) -> None:
    space, operator = ground
    link = CatalogLink.of(space)
    operator.stop()
    operator.start()  # it looks at the workspace's Secret now, and else once a minute
    going = space.start(shell("step", GATE), shell("next", after=["step"]))
    deleted = _sleeping(space)
    failing = space.start(
        shell("step", f"{GATE}; exit 1", retry={"limit": 1, "backoff": "6s"}),
    )
    for run in (going, deleted, failing):
        run.running("step")
    failing.open_gate("step")
    failing.until(lambda: failing.ends("step")[0][0] == "failed", "the first failure")

    link.cut()
    new = _chain(space)
    going.open_gate("step")
    deleted.delete()
    new.until(lambda: "CatalogUnavailable" in str(new.status), "it to be said", SOON)
    deleted.until(lambda: deleted.object() is None and _gone(deleted.pods()), "the deletion", 40)
    _passed(failing, 7)
    assert new.pods() == []
    assert len(failing.pods()) == 1
    assert going.pods("next") == []

    link.mend()
    assert going.finished() == "Succeeded"
    assert going.ends("step") == [("committed", None)]
    assert new.finished() == "Succeeded"
    failing.running("step", 2)
    failing.delete()
    deleted.until(lambda: deleted.recorded() == ("Cancelled", "Deleted"), "the record", 40)


def test_an_operator_that_starts_anew_tells_nothing_again(ground: Ground) -> None:
    space, operator = ground
    run = space.start(shell("step", "exit 3"), shell("other", GATE))
    run.running("other")
    run.until(lambda: run.step("step").get("phase") == "Failed", "it in the status", SOON)
    run.until(lambda: {"Accepted", "StepDied"} <= set(run.events()), "the Events", SOON)
    _forget_events(space, run)
    operator.kill()
    operator.start()
    run.open_gate("other")
    assert run.finished() == "Failed"
    run.until(lambda: "StepFailed" in run.events(), "the Event of the end", SOON)
    assert set(run.events()) == {"StepFailed"}


def _forget_events(space: Space, run: Run) -> None:
    """As the API server does after an hour."""
    for event in space.api.items(space.path("events", api=EVENTS)):
        if event["regarding"].get("uid") == run.uid:
            space.api.delete(space.path("events", event["metadata"]["name"], api=EVENTS))


def _passed(run: Run, seconds: float) -> None:
    """Waits until its last attempt ended so long ago, by the database's clock."""
    query = "SELECT max(ended_at) < clock_timestamp() - make_interval(secs => %s) FROM attempts"
    where = " WHERE run_id = %s"
    run.until(lambda: run.space.rows(query + where, seconds, run.uid)[0][0], "the backoff")
