"""The commands that delete ask first, and say what was kept and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from lateen.cli.render_deletion import described_collection, described_deletion

Lateen = Callable[..., Result]
Answering = Callable[..., Any]


def kept_for(why: str, n: int = 0, forceable: bool = False) -> dict[str, Any]:
    return {"id": str(n), "what": f"wine {n}", "why": why, "forceable": forceable}


def answer(dry_run: bool = False, gone: int = 1, kept: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "kind": "artifact",
        "dry_run": dry_run,
        "deleted": [{"id": str(n), "what": f"iris {n}"} for n in range(1, gone + 1)],
        "kept": [kept_for("output of run x", n) for n in range(kept)],
        **more,
    }


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody can be asked."""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)


def test_what_would_go_is_shown_and_asked_about(lateen, answering, terminal):
    memory = answering(delete=lambda dry_run, **_: answer(dry_run))
    result = lateen("delete", "artifact", "iris", input="y\n")
    assert result.exit_code == 0, result.output
    assert "would delete: iris 1\nDelete this? [y/N]:" in result.stderr
    assert result.stdout.splitlines()[-1] == "deleted: iris 1"
    assert [asked["dry_run"] for asked in memory.asked("delete")] == [True, False]


def test_whoever_says_no_deletes_nothing(lateen, answering, terminal):
    memory = answering(delete=lambda dry_run, **_: answer(dry_run))
    assert lateen("delete", "artifact", "iris", input="n\n").exit_code == 1
    assert [asked["dry_run"] for asked in memory.asked("delete")] == [True]


def test_where_nobody_can_be_asked_yes_is_needed(lateen, answering):
    memory = answering(prune_artifacts=lambda dry_run, **_: answer(dry_run))
    result = lateen("artifact", "prune")
    assert result.exit_code == 2
    assert "add --yes to delete this, or --dry-run to look at it" in result.stderr
    assert lateen("artifact", "prune", "--yes").exit_code == 0
    assert [asked["dry_run"] for asked in memory.asked("prune_artifacts")] == [True, False]


def test_where_nothing_would_go_nobody_is_asked(lateen, answering):
    answering(prune_runs=answer(True, gone=0))
    assert lateen("runs", "prune").stdout == "nothing to delete\n"


@pytest.mark.parametrize("written", [["iris@3"], ["iris", "--version", "3"], ["artifact/iris@3"]])
def test_a_version_is_named_in_either_way(lateen, answering, written):
    memory = answering(delete=answer())
    lateen("delete", "a", *written, "--yes", "--force")
    (asked,) = memory.asked("delete")
    wanted = {"kind": "artifact", "name": "iris", "version": "3", "force": True, "dry_run": False}
    assert asked == wanted


def test_what_is_kept_ends_with_1(lateen, answering):
    answering(delete=answer(gone=0, kept=1))
    result = lateen("delete", "artifact", "wine", "--yes")
    assert (result.exit_code, result.stdout) == (1, "kept: wine 0 (output of run x)\n")


def test_what_could_be_forced_is_told_once_with_the_command(lateen, answering):
    tagged = [kept_for("tagged x", n, forceable=True) for n in (1, 2)]
    rest = "nevertheless: a tag, a history of stages, or being a newest success is all that speaks"
    answering(delete=answer(gone=0) | {"kept": [kept_for("output of run x"), tagged[0]]})
    shown = lateen("delete", "artifact", "wine", "--yes").stdout.splitlines()
    assert shown[:2] == ["kept: wine 0 (output of run x)", "kept: wine 1 (tagged x)"]
    assert shown[2:] == [
        f"`lateen delete artifact wine@1 --force` deletes it {rest} against it",
    ]
    answering(delete=answer(gone=0) | {"kept": tagged})
    (last,) = lateen("delete", "artifact", "wine", "--yes").stdout.splitlines()[2:]
    assert last.startswith("`lateen delete artifact NAME --force` deletes 2 of those kept ")


@pytest.mark.parametrize("kind", ["artifact", "model"])
def test_a_version_that_stands_twice_is_refused(lateen, answering, kind):
    memory = answering(delete=answer())
    result = lateen("delete", kind, "iris@2", "--version", "3", "--yes")
    assert result.exit_code == 2
    assert "the version stands twice, in 'iris@2' and in --version 3" in result.stderr
    assert memory.asked("delete") == []


def test_the_flags_of_a_prune_are_zenml_s(lateen, answering):
    memory = answering(prune_artifacts=answer())
    assert lateen("artifact", "prune", "-a", "-i", "-y").exit_code == 0
    assert lateen("artifact", "prune", "--only-metadata", "--yes").exit_code == 0
    assert [
        (a["only_artifact"], a["only_metadata"], a["ignore_errors"])
        for a in (memory.asked("prune_artifacts"))
    ] == [(True, False, True), (False, True, False)]


def test_a_retention_is_told_in_seconds(lateen, answering):
    memory = answering(prune_runs=answer())
    lateen("runs", "prune", "--older-than", "12h", "--keep-last", "3", "--pipeline", "p", "--yes")
    asked = {"older_than": 43200.0, "keep_last": 3, "pipeline": "p", "dry_run": False}
    assert memory.asked("prune_runs") == [asked]


def test_data_and_names_go_to_stdout_alone(lateen, answering):
    answering(delete=answer(gone=2))
    assert json.loads(lateen("delete", "a", "iris", "--yes", "-o", "json").stdout) == answer(gone=2)
    names = lateen("delete", "a", "iris", "--yes", "-o", "name").stdout
    assert names == "artifact/iris@1\nartifact/iris@2\n"


def test_long_lists_are_cut_with_a_count():
    lines = described_deletion(answer(gone=25, kept=1)).splitlines()
    assert lines[19:] == [
        "deleted: iris 20",
        "... and 5 more; -o json lists all",
        "kept: wine 0 (output of run x)",
    ]


def test_what_became_of_the_rest_is_told():
    found = answer(needed=4, released=2, blobs=3, size=2048, errors=["no"])
    assert described_deletion(found).splitlines()[1:] == [
        "kept: 4 more versions, which runs, models or tags need",
        "released: 2 artifact versions, which stay until `lateen artifact prune` finds that"
        " nothing else needs them",
        "freed: 2.0 KiB in 3 blobs",
        "not deleted yet: no",
    ]


def test_one_of_a_thing_is_told_in_the_singular():
    found = answer(needed=1, released=1, blobs=1, size=2048)
    assert described_deletion(found).splitlines()[1:] == [
        "kept: 1 more version, which runs, models or tags need",
        "released: 1 artifact version, which stays until `lateen artifact prune` finds that"
        " nothing else needs it",
        "freed: 2.0 KiB in 1 blob",
    ]


def test_many_errors_are_counted_and_cut():
    lines = described_deletion(answer(errors=[f"no {n}" for n in range(1000)])).splitlines()
    assert lines[1:3] == [
        "not deleted yet: 1000 blobs; the next `lateen collect` tries again",
        "not deleted yet: no 0",
    ]
    assert lines[21:] == ["not deleted yet: no 19", "... and 980 more; -o json lists all"]


def test_a_collection_is_told_in_counts():
    none = {"unfinished": 0, "manifests": 0, "errors": []}
    counts = {"blobs": 2, "contents": 3, "size": 10, "unknown": 1, **none}
    assert described_collection({"dry_run": False, **counts}).splitlines() == [
        "deleted 2 blobs and 3 small contents that nothing needs (10 B)",
        "deleted 1 stored blob that the catalog does not know",
    ]
    nothing = dict.fromkeys(counts, 0) | {"errors": []}
    assert described_collection({"dry_run": True, **nothing}) == "nothing to collect"


def test_deep_goes_with_verify(lateen):
    assert lateen("doctor", "--deep").exit_code == 2


def test_findings_end_with_1(lateen, answering):
    checks = [
        {"what": "blobs", "looked_at": 3, "findings": ["one is missing"], "remedy": "restore it"},
        {"what": "stages", "looked_at": 1, "findings": [], "remedy": None},
    ]
    answering(verify={"checks": checks, "unknown": 2})
    result = lateen("doctor", "--verify")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:6] == [
        "CHECK    LOOKED AT   STATE",
        "blobs    3           1 wrong",
        "stages   1           ok",
        "",
        "blobs: one is missing",
        "remedy: restore it",
    ]
    assert "2 stored blobs are unknown to the catalog" in result.stdout


def test_the_object_of_a_run_in_a_cluster_is_named_since_it_stays(lateen, answering):
    run = {"name": "p-1", "target": "cluster"}
    answering(delete=lambda dry_run, **_: answer(dry_run), run=run)
    note = "its object in the cluster stays: kubectl delete run.lateen.dev p-1 -n NAMESPACE\n"
    assert lateen("delete", "run", "p-1", "--yes").stderr == note
    assert lateen("delete", "run", "p-1", "--dry-run").stderr == ""
    answering(delete=answer(), run={**run, "target": "local"})
    assert lateen("delete", "run", "p-1", "--yes").stderr == ""
