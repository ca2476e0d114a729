from __future__ import annotations

from dataclasses import replace

from lateen_operator.pod_object import PodObject
from lateen_operator.pods.view import PodView
from lateen_operator.run_object import RunObject
from lateen_operator.store import Pods, Shelf

RUN = RunObject("u1", "one", "space", 10, 1, "2026-01-01T00:00:00Z")
POD = PodObject("p1", "one-a-1", "space", 5, "u1", PodView())


def test_what_is_older_than_what_is_known_is_no_news() -> None:
    shelf: Shelf[RunObject] = Shelf()
    assert shelf.watched(RUN)
    assert not shelf.watched(RUN)
    assert not shelf.watched(replace(RUN, version=9, generation=7))
    assert shelf.get("u1") == RUN


def test_a_list_tells_what_a_gap_of_the_watch_hid() -> None:
    shelf: Shelf[RunObject] = Shelf()
    shelf.watched(RUN)
    shelf.watched(replace(RUN, uid="u2"))
    changed = replace(RUN, version=20)
    found = shelf.replace([changed], version=30)
    assert (found.changed, found.gone) == ([changed], [replace(RUN, uid="u2")])
    assert [run.uid for run in shelf.all()] == ["u1"]


def test_what_the_watch_brought_after_the_list_was_made_stays() -> None:
    shelf: Shelf[RunObject] = Shelf()
    new = replace(RUN, uid="u3", version=40)
    shelf.watched(new)
    found = shelf.replace([], version=30)
    assert (found.changed, found.gone) == ([], [])
    assert shelf.get("u3") == new


def test_what_was_deleted_while_the_list_was_made_stays_away() -> None:
    shelf: Shelf[RunObject] = Shelf()
    shelf.watched(RUN)
    shelf.remove("u1")
    assert shelf.replace([RUN], version=20).changed == []
    shelf.put(replace(RUN, uid="u2"))
    assert [run.uid for run in shelf.all()] == ["u2"]


def test_a_watch_that_delivers_nothing_between_two_lists_has_stalled() -> None:
    shelf: Shelf[RunObject] = Shelf()
    shelf.watched(RUN)
    listed = [replace(RUN, version=20)]
    assert shelf.overdue(["u1"]) == []
    shelf.replace(listed, version=20)
    assert shelf.overdue(["u1"]) == ["u1"]


def test_a_watch_that_was_only_slower_than_the_list_has_not() -> None:
    shelf: Shelf[RunObject] = Shelf()
    shelf.watched(RUN)
    shelf.replace([replace(RUN, version=20)], version=20)
    shelf.watched(replace(RUN, version=20))
    assert shelf.overdue(["u1"]) == []


def test_what_was_deleted_since_the_last_list_is_not_overdue() -> None:
    shelf: Shelf[RunObject] = Shelf()
    shelf.replace([RUN], version=20)
    assert shelf.overdue([]) == []


def test_pods_are_found_by_their_run_until_they_are_gone() -> None:
    pods = Pods()
    pods.watched(POD)
    pods.watched(replace(POD, uid="p2", run="u2"))
    assert pods.of_run("u1") == [POD]
    pods.remove("p1")
    assert pods.of_run("u1") == []
    pods.replace([], version=50)
    assert pods.of_run("u2") == []


def test_each_change_of_a_pod_is_told_once_whoever_brings_it() -> None:
    told: list[tuple[PodView, PodView]] = []
    pods = Pods(lambda before, after: told.append((before, after)))
    ended = replace(POD, version=6, view=PodView(phase="Succeeded"))
    pods.put(POD)
    pods.put(ended)
    pods.watched(ended)
    pods.replace([ended], version=50)
    assert told == [(POD.view, ended.view)]


def test_a_run_of_a_later_version_is_read_as_far_as_it_is_known() -> None:
    run = RunObject.of(
        {
            "metadata": {
                "uid": "u",
                "name": "n",
                "namespace": "s",
                "resourceVersion": "7",
                "annotations": {"lateen.dev/priority": "high"},
            },
            "spec": {"desired": "Hibernating", "new": {"field": 1}},
            "status": {"conditions": "none", "phase": 3},
        }
    )
    assert (run.desired.value, run.priority, run.finished) == ("Running", 0, False)
