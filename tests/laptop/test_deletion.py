"""Deletion, retention, collection and verification, as a person does them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from click.testing import CliRunner, Result

from lateen import Client, ExternalArtifact, Model, RunFailed, pipeline, save_artifact, step
from lateen.cli.main import cli
from lateen.cli.times import clock
from lateen.domain.artifacts import KEPT
from lateen.domain.errors import CorruptBlobError, StillNeededError, UserError
from lateen.step.boundaries import Boundary, watched

M = "iris_classifier"


@step(enable_cache=False)
def make(value: int) -> Annotated[int, "numbers"]:
    print("made", value)
    return value


@step(enable_cache=False)
def take(value: Any) -> Annotated[int, "doubled"]:
    return 2 * value


@pipeline(model=Model(M))
def training(value: int = 1):
    make(value)


@pipeline
def plain(value: int = 1):
    make(value)


@pipeline
def taking():
    take(Client().get_artifact_version("numbers"))


def lateen(*arguments: str, code: int = 0, **options: Any) -> Result:
    result = CliRunner().invoke(cli, arguments, **options)
    assert result.exit_code == code, result.output
    return result


def data(*arguments: str, code: int = 0) -> Any:
    return json.loads(lateen(*arguments, "-o", "json", code=code).stdout)


def versions(name: str) -> list[int]:
    return [version.number for version in Client().list_artifact_versions(name)]


def blobs(workspace: Path) -> list[Path]:
    return sorted((workspace / "store" / "blobs").rglob("*.*"))


def age(catalog: Callable[[str], Any], days: int) -> None:
    """Lets everything have happened so many days ago."""
    catalog(
        f"UPDATE runs SET finished_at = finished_at - interval '{days} days',"
        f" created_at = created_at - interval '{days} days' RETURNING id"
    )


def test_a_version_that_is_needed_is_kept_and_it_says_why():
    run = training(5)
    later = taking()
    Client().get_model_version(M, 1).set_stage("production")
    result = lateen("delete", "artifact", "numbers", "--version", "1", "--yes", code=1)
    assert result.stdout == (
        f"kept: numbers 1 (output of run {run.name}; input of run {later.name};"
        f" in model {M} 1; production of model {M})\n"
    )
    assert versions("numbers") == [1]


def test_a_version_that_nothing_needs_goes():
    save_artifact(1, "loose")
    save_artifact(2, "loose")
    assert lateen("delete", "artifact", "loose@1", "--yes").stdout == "deleted: loose 1\n"
    assert versions("loose") == [2]
    assert lateen("delete", "a", "loose", "-y", "-o", "name").stdout == "artifact/loose@2\n"


def test_a_tag_keeps_a_version_until_it_is_forced():
    save_artifact(1, "loose", tags=["keep"])
    kept = lateen("delete", "artifact", "loose", "--yes", code=1).stdout
    assert "(tagged keep)" in kept
    assert "`lateen delete artifact loose@1 --force` deletes it nevertheless" in kept
    with pytest.raises(StillNeededError, match="`lateen delete artifact loose@1 --force`"):
        Client().delete_artifact_version("loose")
    lateen("delete", "artifact", "loose", "--yes", "--force")
    assert versions("loose") == []


def test_a_name_that_does_not_exist_is_answered_with_the_nearest():
    save_artifact(1, "loose")
    result = lateen("delete", "artifact", "lose", "--yes", code=2)
    assert "did you mean 'loose'?" in result.stderr


def test_nothing_is_deleted_where_nobody_can_be_asked():
    save_artifact(1, "loose")
    result = lateen("delete", "artifact", "loose", code=2)
    assert "add --yes" in result.stderr
    assert "would delete: loose 1" in result.stderr
    assert versions("loose") == [1]


def test_a_dry_run_shows_what_would_go():
    save_artifact(1, "loose")
    result = lateen("delete", "artifact", "loose", "--dry-run")
    assert result.stdout == "would delete: loose 1\n"
    assert versions("loose") == [1]


def test_deleting_a_run_releases_its_versions_and_a_prune_takes_those_that_nobody_took(
    workspace: Path,
):
    first, second, _ = plain(1), plain(2), plain(3)
    later = taking()
    assert later.steps["take"].inputs["value"].number == 3
    found = lateen("delete", "run", first.name, "--yes").stdout
    assert found.startswith(f"deleted: {first.name}\nreleased: 1 artifact version, which stays")
    lateen("delete", "run", second.name, "--yes")
    assert versions("numbers") == [1, 2, 3]
    pruned = lateen("artifact", "prune", "--yes").stdout.splitlines()
    assert pruned[:2] == ["deleted: numbers 1", "deleted: numbers 2"]
    assert pruned[2] == "kept: 2 more versions, which runs, models or tags need"
    assert pruned[3].startswith("freed: ")
    assert versions("numbers") == [3]
    assert later.steps["take"].inputs["value"].load() == 3


def test_a_run_cannot_be_deleted_while_what_it_made_is_in_production():
    run = training()
    training()
    Client().get_model_version(M, 1).set_stage("production")
    kept = lateen("delete", "run", run.name, "--yes", "--force", code=1).stdout
    assert kept == f"kept: {run.name} (made {M} 1, which is in production)\n"


def test_a_model_version_in_a_stage_cannot_be_deleted():
    run = training()
    training()
    lateen("delete", "run", run.name, "--yes")
    Client().get_model_version(M, 1).set_stage("staging")
    kept = lateen("delete", "model", f"{M}@1", "--yes", "--force", code=1).stdout
    assert kept == f"kept: {M} 1 (staging of model {M}; in the history of staging)\n"
    Client().get_model_version(M, 1).set_stage("archived")
    assert lateen("delete", "model", f"{M}@1", "--yes", "--force").stdout == f"deleted: {M} 1\n"


def test_deleting_a_pipeline_deletes_its_runs_and_keeps_its_newest_success():
    first, second = plain(1), plain(2)
    found = lateen("delete", "pipeline", "plain", "--yes", code=1).stdout
    assert f"deleted: {first.name}\n" in found
    assert f"kept: {second.name} (newest success of the pipeline plain)" in found
    lateen("delete", "pipeline", "plain", "--yes", "--force")
    assert [found.name for found in Client().list_pipelines()] == []


def test_a_prune_takes_the_bytes_along_unless_another_version_shares_them(workspace: Path):
    save_artifact("alone" * KEPT, "loose")
    save_artifact("shared" * KEPT, "loose")
    kept = save_artifact("shared" * KEPT, "kept", tags=["keep"])
    before = blobs(workspace)
    found = data("artifact", "prune", "--yes")
    assert sorted(each["what"] for each in found["deleted"]) == ["loose 1", "loose 2"]
    assert found["blobs"] == len(before) - len(blobs(workspace)) > 0
    assert Client().get_artifact_version(kept.id).load() == "shared" * KEPT


def test_a_prune_of_the_records_alone_leaves_the_bytes_to_the_collector(workspace: Path):
    save_artifact("x" * KEPT, "loose")
    before = blobs(workspace)
    lateen("artifact", "prune", "--only-metadata", "--yes")
    assert (versions("loose"), blobs(workspace)) == ([], before)
    assert "blobs" not in lateen("collect").stdout
    assert lateen("collect").stdout == "nothing to collect\n"
    assert f"deleted {len(before)} blob " in lateen("collect", "--grace", "0s").stdout
    assert blobs(workspace) == []


def test_small_contents_go_like_blobs(workspace: Path):
    save_artifact("alone", "loose")
    save_artifact("shared", "loose")
    kept = save_artifact("shared", "kept", tags=["keep"])
    pruned = lateen("artifact", "prune", "--yes").stdout
    assert "freed: 7 B in 1 small content" in pruned.splitlines()
    assert Client().get_artifact_version(kept.id).load() == "shared"
    save_artifact("x", "loose")
    lateen("artifact", "prune", "--only-metadata", "--yes")
    collected = lateen("collect").stdout.splitlines()
    assert collected[0] == "deleted 1 small content that nothing needs (3 B)"
    assert blobs(workspace) == []
    lateen("doctor", "--verify")


def test_a_prune_of_the_bytes_alone_leaves_the_records(workspace: Path):
    version = save_artifact("x", "loose")
    result = lateen("artifact", "prune", "--only-artifact", "--yes")
    assert result.stdout.startswith("deleted the bytes of: loose 1\n")
    assert (versions("loose"), blobs(workspace)) == ([1], [])
    with pytest.raises(
        CorruptBlobError, match=r"were deleted by tester at .* on purpose.*lateen get"
    ):
        Client().get_artifact_version(version.id).load()
    assert lateen("artifact", "prune", "-a", "--yes").stdout == "nothing to delete\n"
    lateen("doctor", "--verify")


def test_bytes_that_another_version_shares_are_not_said_to_go():
    save_artifact("same", "kept", tags=["keep"])
    save_artifact("same", "loose")
    save_artifact("other", "loose")
    for verb, flag in (("would delete", "--dry-run"), ("deleted", "--yes")):
        assert lateen("artifact", "prune", "-a", flag).stdout.splitlines()[:2] == [
            f"{verb} the bytes of: loose 2",
            "kept the bytes of: loose 1 (another version has the same)",
        ]
    assert Client().get_artifact_version("loose", 1).load() == "same"


def test_deleted_bytes_are_told_wherever_their_version_is_shown():
    save_artifact("x", "loose")
    whole = save_artifact("shared", "other", tags=["keep"])
    save_artifact("shared", "sharing")
    lateen("artifact", "prune", "--only-artifact", "--yes")
    gone = data("get", "artifact", "loose@1")["bytes_deleted"]
    assert gone["by"] == "tester"
    when = f"deleted by tester at {clock(gone['at'])}"
    described = lateen("describe", "artifact", "loose").stdout
    assert f"{when}; only this record is left" in described
    for shown in (lateen("get", "a", "loose"), lateen("get", "artifacts")):
        assert " deleted " in shown.stdout
    for shown in (lateen("get", "a", "loose", "-o", "wide"), lateen("get", "a", "-o", "wide")):
        assert when in shown.stdout
    # Another version shares these, so that they can still be loaded.
    assert data("get", "artifact", "sharing@1")["bytes_deleted"] is None
    assert Client().get_artifact_version("sharing").load() == "shared"
    assert Client().get_artifact_version(whole.id).load() == "shared"


def test_a_step_whose_input_s_bytes_were_deleted_says_who_did_it():
    save_artifact(1, "numbers")
    lateen("artifact", "prune", "--only-artifact", "--yes")
    with pytest.raises(RunFailed, match=r"input 'value': .* were deleted by tester at .*purpose"):
        taking()
    save_artifact(1, "numbers")
    assert taking().steps["take"].output.load() == 2


def test_bytes_alone_and_records_alone_are_not_both_alone():
    assert "without either" in lateen("artifact", "prune", "-a", "-m", "--yes", code=2).stderr


def test_old_runs_go_by_a_retention(catalog: Callable[[str], Any]):
    runs = [training(value) for value in range(4)]
    Client().get_model_version(M, 1).set_stage("production")
    age(catalog, 40)
    found = data("runs", "prune", "--older-than", "30d", "--keep-last", "1", "--yes")
    assert [each["what"] for each in found["deleted"]] == [runs[2].name, runs[1].name]
    assert {each["what"]: each["why"] for each in found["kept"]} == {
        runs[3].name: "newest success of the pipeline training; among the last 1 of training",
        runs[0].name: f"made {M} 1, which is in production",
    }
    assert found["released"] == 2
    assert [run.name for run in Client().list_pipeline_runs()] == [runs[0].name, runs[3].name]


def test_the_retention_is_a_setting(catalog: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch):
    first, _ = plain(1), plain(2)
    age(catalog, 2)
    assert data("runs", "prune", "--yes")["deleted"] == []
    monkeypatch.setenv("LATEEN_RUNS_OLDER_THAN", "1d")
    monkeypatch.setenv("LATEEN_RUNS_KEEP_LAST", "0")
    deleted = data("runs", "prune", "--pipeline", "plain", "--yes")["deleted"]
    assert [each["what"] for each in deleted] == [first.name]


def test_what_a_run_took_outlives_a_prune_so_that_it_can_be_replayed():
    plain(3)
    old = taking()
    plain(4)
    for run in Client().get_pipeline("plain").runs:
        lateen("delete", "run", run.name, "--yes", "--force")
    lateen("artifact", "prune", "--yes")
    assert versions("numbers") == [1]
    assert old.replay().outputs == {}
    assert Client().get_artifact_version("doubled").load() == 6


def test_a_replay_names_what_is_gone(lose_bytes: Callable[[], None]):
    plain(3)
    old = taking()
    lose_bytes()
    with pytest.raises(UserError, match=r"'numbers' version 1.* gone"):
        old.replay()


def test_a_value_that_a_caller_brought_is_kept_until_its_run_has_gone():
    @pipeline
    def brought():
        take(ExternalArtifact(value=7))

    run = brought()
    assert lateen("artifact", "prune", "--yes").stdout.startswith("kept: 2 more versions")
    assert run.steps["take"].inputs["value"].load() == 7


def test_a_value_that_a_caller_brings_outlives_a_prune_before_its_run_is_there():
    @pipeline
    def brought():
        take(ExternalArtifact(value=7))

    pruned: list[Any] = []

    def prune(boundary: Boundary) -> None:
        if boundary is Boundary.SUBMIT_UPLOADED:
            pruned.append(data("artifact", "prune", "--yes")["deleted"])

    with watched(prune):
        run = brought()
    assert pruned == [[]]
    assert run.steps["take"].output.data == 14


def test_the_client_deletes_like_zenml_s():
    training()
    loose = save_artifact(1, "loose")
    Client().delete_artifact_version(loose.id)
    assert versions("loose") == []
    with pytest.raises(StillNeededError, match="output of run training"):
        Client().delete_artifact_version("numbers", 1)
    with pytest.raises(StillNeededError, match="model of run training"):
        Client().delete_model_version(Client().get_model_version(M, 1).id)
    save_artifact(2, "loose")
    Client().prune_artifacts()
    assert versions("loose") == []


def test_a_step_cannot_delete():
    @step(enable_cache=False)
    def delete() -> None:
        with pytest.raises(UserError, match="outside of a step"):
            Client().prune_artifacts()

    @pipeline
    def deleting():
        delete()

    deleting()


def test_a_sound_workspace_is_verified_and_a_damaged_one_is_not(workspace: Path):
    training(5)
    taking()
    Client().get_model_version(M, 1).set_stage("production")
    shown = lateen("doctor", "--verify", "--deep").stdout
    assert [line.split()[0] for line in shown.splitlines()[1:6]] == [
        "manifests",
        "blobs",
        "receipts",
        "stages",
        "counters",
    ]
    blob = max(blobs(workspace), key=lambda path: path.stat().st_size)
    blob.chmod(0o644)
    blob.write_bytes(b"?" * blob.stat().st_size)
    lateen("doctor", "--verify")
    assert "damaged" in lateen("doctor", "--verify", "--deep", code=1).stdout
    blob.unlink()
    missing = lateen("doctor", "--verify", code=1).stdout
    assert "is missing" in missing
    assert "remedy: restore these blobs from a backup" in missing


def test_after_a_restore_bytes_stay_until_all_is_verified(
    workspace: Path, catalog: Callable[[str], Any]
):
    save_artifact("lost by the restore" * KEPT, "loose")
    catalog("DELETE FROM artifact_versions RETURNING id")
    catalog("DELETE FROM blobs RETURNING sha256")
    catalog("SELECT setval('blob_generations', 1, false)")
    before = blobs(workspace)
    assert "lateen doctor --verify" in lateen("collect", code=2).stderr
    save_artifact(1, "more")
    assert "paused" not in lateen("artifact", "prune", "--only-metadata", "--yes").stdout
    lateen("artifact", "prune", "--yes", code=2)
    assert set(before) <= set(blobs(workspace))
    verified = lateen("doctor", "--verify").stdout
    assert "unknown to the catalog" in verified
    lateen("collect", "--grace", "0s")
    assert blobs(workspace) == []
