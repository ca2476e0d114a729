"""Receipts, and why a step ran: what `lateen why`, `describe`, `-o json` and the views say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import psycopg
import pytest
from click.testing import CliRunner

from lateen import (
    Client,
    Model,
    ModelStages,
    Retry,
    RunFailed,
    get_pipeline_context,
    load_artifact,
    log_model_metadata,
    pipeline,
    save_artifact,
    step,
)
from lateen.cli.main import cli
from lateen.client.views.receipt import ReceiptView
from lateen.client.views.run import RunView

M = "classifier"
PRODUCTION = ModelStages.PRODUCTION


@step(enable_cache=False)
def train(value: int) -> Annotated[int, "trained"]:
    log_model_metadata({"score": value / 10})
    return value


@step(enable_cache=False)
def promote() -> None:
    Model(M, version="latest").set_stage(PRODUCTION, force=True)


@pipeline(model=Model(M))
def training(value: int):
    promote(after=train(value))


@step
def predict(trained: int, numbers: list, others: Any, score: float, factor: int = 2) -> int:
    return factor * trained


@pipeline(model=Model(M, version=PRODUCTION))
def inference():
    model = get_pipeline_context().model
    predict(
        model.get_artifact("trained"),
        Client().get_artifact_version("numbers"),
        [
            Client().get_artifact_version("numbers", 1),
            Client().get_artifact_version("x", default=0),
        ],
        Client().get_model_version(M, PRODUCTION).run_metadata["score"],
    )


@step(enable_cache=False)
def judge(trained: int) -> None: ...


@pipeline
def judging():
    judge(Client().get_model_version(M, "staging").get_artifact("trained"))


@pytest.fixture
def trained() -> RunView:
    save_artifact([1, 2], "numbers")
    return training(7)


def place(receipt: ReceiptView) -> str:
    return f"{receipt.input}.{receipt.path}" if receipt.path else receipt.input


def lateen(*arguments: str) -> str:
    """What the command prints, its columns one space apart."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return "\n".join(" ".join(line.split()) for line in result.stdout.splitlines())


def clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


# What a receipt says


def test_a_receipt_has_the_reference_what_it_became_and_what_made_it_so(trained: RunView) -> None:
    before = datetime.now(UTC)
    receipts = {place(r): r for r in inference().steps["predict"].receipts}
    assert {(name, r.words, r.became) for name, r in receipts.items()} == {
        ("", "the model 'classifier' in production", "1"),
        ("trained", "'trained' of the pipeline's model", "1"),
        ("numbers", "'numbers' in its latest version", "1"),
        ("others.0", "'numbers' version 1", "1"),
        ("others.1", "'x' in its latest version (else 0)", "0"),
        ("score", "metadata 'score' of the model 'classifier' in production", "0.7"),
        ("factor", "the value 2", "2"),
    }
    found, event = receipts["trained"], receipts["trained"].stage_event
    assert found.digest == trained.steps["train"].output.digest
    assert found.model.number == 1
    assert (event["from"], event["to"], event["by"]) == ("none", "production", "tester")
    assert (event["run"]["id"], event["step"]) == (trained.id, "promote")
    assert (found.commit["run"]["id"], found.commit["step"]) == (trained.id, "train")
    assert receipts["numbers"].commit["run"] is None
    assert all(before < r.resolved < datetime.now(UTC) for r in receipts.values())


def test_the_times_are_the_database_s(trained: RunView, workspace_url: str) -> None:
    columns = {"receipts": "resolved_at", "stage_events": "at"}
    change = "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT clock_timestamp() {}"
    with psycopg.connect(workspace_url, autocommit=True) as connection:
        try:
            for table, column in columns.items():
                connection.execute(change.format(table, column, "+ interval '5 hours'").encode())
            Client().get_model_version(M, 1).set_stage("staging")
            receipts = judging().steps["judge"].receipts
        finally:
            for table, column in columns.items():
                connection.execute(change.format(table, column, "").encode())
    soon = datetime.now(UTC) + timedelta(hours=4)
    assert all(receipt.resolved > soon for receipt in receipts)
    (event,) = {receipt.stage_event["at"] for receipt in receipts if receipt.stage_event}
    assert datetime.fromisoformat(event) > soon


def test_the_words_tell_who_promoted_and_who_published_and_when(trained: RunView) -> None:
    receipts = {place(r): r for r in inference().steps["predict"].receipts}
    event = datetime.fromisoformat(receipts["trained"].stage_event["at"])
    promotion = f"none -> production by tester in promote of {trained.name}, {clock(event)}"
    assert receipts["trained"].because == f"of classifier@1; {promotion}"
    assert receipts[""].because == promotion
    saved = clock(datetime.fromisoformat(receipts["numbers"].commit["at"]))
    assert receipts["numbers"].because == f"published outside of a run, {saved}"
    assert str(receipts["numbers"]) == (
        f"numbers: 'numbers' in its latest version became 1, published outside of a run, {saved}"
    )
    assert receipts["factor"].because == ""


def test_an_output_of_a_step_tells_which_run_published_it(trained: RunView) -> None:
    @step
    def use(value: int) -> int:
        return value

    @pipeline
    def past():
        use(Client().get_pipeline("training").last_successful_run.steps["train"].outputs["trained"])

    (receipt,) = past().steps["use"].receipts
    assert receipt.words == "'trained' of the step 'train' of the last successful run of 'training'"
    assert receipt.because.startswith(f"published in train of {trained.name}, ")


def test_what_a_step_of_a_deleted_run_published_is_told_as_such(trained: RunView) -> None:
    @pipeline
    def taking():
        judge(Client().get_artifact_version("trained"))

    bound, taken = inference(), taking()
    Client().get_model_version(M, PRODUCTION).set_stage("archived")
    lateen("delete", "run", trained.name, "--yes", "--force")
    receipts = {place(r): r for r in bound.steps["predict"].receipts}
    promotion = "none -> production by tester in step promote of a deleted run, "
    assert receipts[""].because.startswith(promotion)
    assert receipts["trained"].because.startswith(f"of classifier@1; {promotion}")
    (receipt,) = taken.steps["judge"].receipts
    assert receipt.because.startswith("published in step train of a deleted run, ")
    assert "Made by: step train of a deleted run\n" in lateen("describe", "artifact", "trained")


def test_reads_in_the_body_have_receipts_and_details_are_short(trained: RunView) -> None:
    @step(enable_cache=False)
    def read() -> None:
        version = Client().get_model_version(M, PRODUCTION)
        version.get_artifact("trained").load()
        assert version.run_metadata["score"] == 0.7
        assert load_artifact("numbers") == [1, 2]
        assert Client().get_artifact_version("numbers").run_metadata

    @pipeline
    def reads():
        read()

    run = reads()
    told = [(r.words, r.became) for r in run.steps["read"].receipts]
    assert told[0] == ("the model 'classifier' in production", "1")
    assert told[1] == ("'trained' of the model 'classifier' version 1", "1")
    assert told[2] == ("metadata and stage of the model 'classifier' version 1", told[2][1])
    assert told[2][1].startswith("production, ")
    assert "score=0.7" in told[2][1]
    assert told[3] == ("'numbers' in its latest version", "1")
    assert told[4][0] == "metadata of 'numbers' version 1"
    shown = lateen("why", run.name, "read")
    assert "What its body looked up\nWHEN REFERENCE BECAME DIGEST BECAUSE\n" in shown
    assert "metadata and stage of the model 'classifier' version 1 production, " in shown
    assert "score=0.7" in shown


# Where they are shown


def test_why_and_describe_show_all_of_it(trained: RunView) -> None:
    run = inference()
    shown = lateen("why", run.name, "predict")
    first, _, rest = shown.partition("\n")
    assert first == (
        "predict ran for the first time: no earlier run of inference had committed it."
    )
    digest = trained.steps["train"].output.digest.removeprefix("sha256:")[:12]
    assert (
        f"trained 'trained' of the pipeline's model trained@1 {digest} of classifier@1; none ->"
        f" production by tester in promote of {trained.name}, "
    ) in rest
    assert "others[1] 'x' in its latest version (else 0) 0\n" in rest
    assert f"Resolved: {clock(run.steps['predict'].receipts[0].resolved)}" in rest
    described = lateen("describe", "run", run.name)
    assert f"predict trained 'trained' of the pipeline's model trained@1 {digest} of" in described
    assert "predict numbers 'numbers' in its latest version numbers@1 " in described
    assert "factor" not in described  # a value is no reference to anything outside


def test_json_has_the_sentence_the_words_and_the_commits(trained: RunView) -> None:
    run = inference()
    result = CliRunner().invoke(cli, ["why", run.name, "predict", "-o", "json"])
    shown = json.loads(result.stdout)
    assert shown["why"].startswith("predict ran for the first time")
    receipt = next(r for r in shown["receipts"] if r["input"] == "trained")
    assert receipt["words"] == "'trained' of the pipeline's model"
    assert receipt["artifact"]["digest"].startswith("sha256:")
    assert receipt["stage_event"]["step"] == "promote"
    assert receipt["commit"]["step"] == "train"
    assert receipt["resolved_at"]
    assert receipt["snapshot"]


def test_a_moved_input_is_flagged_everywhere() -> None:
    @step(enable_cache=False)
    def move(numbers: list) -> None:
        save_artifact([3], "numbers")

    @pipeline
    def moves():
        move(Client().get_artifact_version("numbers"))

    save_artifact([1], "numbers")
    run = moves()
    assert [receipt.moved for receipt in run.steps["move"].receipts] == [True]
    assert "; moved before the commit" in lateen("why", run.name, "move")
    assert "; moved before the commit" in lateen("describe", "run", run.name)


# Why a step ran, or did not


def keeping(value: Any = 1, **options: Any) -> RunView:
    @step(name="keep", **options)
    def keep(value: Any) -> Annotated[Any, "kept"]:
        return value

    @pipeline(name="keeps")
    def keeps():
        keep(value() if callable(value) else value)

    return keeps()


def latest() -> Any:
    return Client().get_artifact_version("numbers")


def why(run: RunView) -> str:
    return next(iter(run.steps.values())).why


def test_a_cached_step_names_its_source() -> None:
    first = keeping()
    assert why(keeping()) == (
        f"keep did not run: {first.name} had run the same code on the same inputs, so what it put"
        " out there was taken over."
    )


def test_a_changed_input_is_named_with_its_versions() -> None:
    save_artifact([1], "numbers")
    first = keeping(latest)
    save_artifact([2], "numbers")
    assert why(keeping(latest)) == (
        f"keep ran again because its input 'value' (numbers@1, now numbers@2) changed since"
        f" {first.name}."
    )


def test_a_changed_item_of_a_list_is_named_with_its_place() -> None:
    first = keeping([1, [2, 3]])
    assert "its input 'value' ([1, [2, 3]], now [1, [2, 4]]) changed" in why(keeping([1, [2, 4]]))
    save_artifact(5, "numbers")
    first = keeping(lambda: [latest(), 1])
    save_artifact(6, "numbers")
    assert f"'value' (at 0: numbers@1, now numbers@2) changed since {first.name}" in why(
        keeping(lambda: [latest(), 1])
    )


def test_changed_code_and_outputs_are_named() -> None:
    def run(body: Callable[[Any], Any], returns: Any) -> RunView:
        body.__annotations__["return"] = returns
        body.__name__ = "keep"

        @pipeline(name="keeps")
        def keeps():
            step(body)(1)

        return keeps()

    def one(value: Any):
        return 1

    def two(value: Any):
        return 2

    first = run(one, Annotated[int, "kept"])
    second = run(two, Annotated[int, "kept"])
    assert why(second) == f"keep ran again because its code changed since {first.name}."
    third = run(one, Annotated[int, "other"])
    assert why(third) == (
        "keep ran again because its code and the way its outputs are declared changed since"
        f" {second.name}."
    )


def test_a_step_without_caching_and_one_whose_bytes_are_gone_say_so(
    lose_bytes: Callable[[], None],
) -> None:
    assert why(keeping(enable_cache=False)) == "keep ran because caching is off for it."
    first = keeping(2)
    lose_bytes()
    assert why(keeping(2)) == (
        f"keep ran again though nothing changed since {first.name}: the bytes of what it put out"
        " there were gone."
    )


def reading(read: Callable[[], Any]) -> RunView:
    @step(name="keep")
    def keep() -> Annotated[str, "kept"]:
        return str(read())

    @pipeline(name="keeps")
    def keeps():
        keep()

    return keeps()


def test_what_a_body_looked_up_otherwise_is_named() -> None:
    save_artifact(1, "numbers")
    first = reading(lambda: load_artifact("numbers"))
    save_artifact(2, "numbers")
    assert why(reading(lambda: load_artifact("numbers"))) == (
        f"keep ran again because what its body looks up changed since {first.name}: 'numbers' in"
        " its latest version was numbers@1 and is numbers@2."
    )


def test_what_a_promotion_brought_is_named(trained: RunView) -> None:
    def production() -> int:
        return Client().get_model_version(M, PRODUCTION).number

    first = reading(production)
    training(8)
    assert why(reading(production)) == (
        f"keep ran again because what its body looks up changed since {first.name}: the model"
        " 'classifier' in production was classifier@1 and is classifier@2."
    )


def test_a_body_that_looks_at_lists_or_promotes_says_so(trained: RunView) -> None:
    def lists() -> int:
        return len(Client().list_models())

    first = reading(lists)
    assert why(reading(lists)).startswith(
        f"keep ran again though nothing changed since {first.name}: its body asked there for lists"
    )

    def promotes() -> str:
        Model(M, version=1).set_stage("staging")
        Model(M, version=1).set_stage(PRODUCTION)
        return "promoted"

    first = reading(promotes)
    assert why(reading(promotes)).startswith(
        f"keep ran again though nothing changed since {first.name}: it promoted a model version"
    )


def test_two_runs_at_the_same_time_say_so() -> None:
    inner: list[RunView] = []
    once = threading.Lock()

    @step(name="keep")
    def keep(lock: Any) -> int:
        if once.acquire(blocking=False):
            inner.append(keeps())
        return 5

    @pipeline(name="keeps")
    def keeps():
        keep(1)

    outer = keeps()
    assert why(outer) == (
        f"keep ran again because {inner[0].name}, which ran it at the same time, had not committed"
        " it yet."
    )


def test_a_missing_reference_is_the_whole_answer() -> None:
    save_artifact(1, "numbers")
    with pytest.raises(RunFailed) as failed:
        keeping(lambda: Client().get_artifact_version("numbres"))
    assert why(failed.value.run) == (
        "keep failed before its code ran: input 'value': there is no artifact 'numbres'; did you"
        " mean 'numbers'?"
    )


def test_a_step_that_failed_says_why_it_ran_and_how_it_failed() -> None:
    @step(retry=Retry(limit=1, backoff=0))
    def fail(value: int) -> None:
        raise ValueError("no")

    @step
    def after() -> None: ...

    @pipeline
    def fails():
        after(after=fail(1))

    with pytest.raises(RunFailed) as failed:
        fails()
    steps = failed.value.run.steps
    assert steps["fail"].why == (
        "fail ran for the first time: no earlier run of fails had committed it. It failed: no. It"
        " took 2 attempts."
    )
    assert steps["after"].why == "after did not run: the step 'fail' did not succeed."
    assert lateen("why", failed.value.run.name, "after").startswith("after did not run: ")


# Past runs


def test_past_runs_are_references_from_the_body_to_the_receipt(trained: RunView) -> None:
    @step(enable_cache=False)
    def compare(now: int, before: Any, length: str) -> Annotated[list, "compared"]:
        return [now, before, length]

    @pipeline(name="comparing", model=Model("comparison"))
    def comparing(value: int):
        past = Client().get_pipeline("comparing").last_successful_run.steps["train"].outputs
        other = Client().get_pipeline("training").last_run.steps["train"].output
        compare(train(value), past.get("trained", "none"), other.version)

    first, second = comparing(1), comparing(2)
    assert first.steps["compare"].outputs["compared"].data == [1, "none", "1"]
    assert second.steps["compare"].outputs["compared"].data == [2, 1, "1"]
    receipt = next(r for r in second.steps["compare"].receipts if r.input == "before")
    assert receipt.commit["run"]["id"] == first.id


def test_the_last_run_is_never_the_one_that_asks(trained: RunView) -> None:
    @step(enable_cache=False)
    def use(value: Any) -> Annotated[Any, "used"]:
        return value

    @pipeline(name="using")
    def using():
        use(Client().get_pipeline("using").last_run.steps["use"].outputs.get("used", 0))

    using()
    assert using().steps["use"].receipts[0].artifact.number == 1


def test_a_past_run_that_is_not_there_is_answered_with_what_is(trained: RunView) -> None:
    def run(source: Callable[[], Any]) -> str:
        with pytest.raises(RunFailed) as failed:
            keeping(source)
        return str(failed.value.run.steps["keep"].message)

    def last(name: str) -> Any:
        return Client().get_pipeline(name).last_successful_run

    assert "there is no pipeline 'trainin'; did you mean 'training'?" in run(
        lambda: last("trainin").steps["train"].output
    )
    assert "'x' of the step 'train' of the last successful run of 'training'" in run(
        lambda: last("training").steps["train"].outputs["x"]
    )
    assert "did you mean 'train.trained'?" in run(
        lambda: last("training").steps["train"].outputs["traned"]
    )
    assert "the pipeline 'keeps' has no run that succeeded yet" in run(
        lambda: last("keeps").steps["keep"].output
    )
