"""Semantics 20 to 25: what the code of a step reads, writes and is given."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import pytest

from lateen import (
    ArtifactConfig,
    ArtifactType,
    Client,
    ExternalArtifact,
    Model,
    ModelStages,
    Retry,
    RunFailed,
    get_step_context,
    load_artifact,
    log_artifact_metadata,
    log_metadata,
    log_model_metadata,
    log_step_metadata,
    pipeline,
    register_artifact,
    save_artifact,
    step,
)
from lateen.client.transport import current
from lateen.client.views.receipt import ReceiptView
from lateen.client.views.run import RunView
from lateen.domain.errors import (
    CompileError,
    MissingReferenceError,
    NotFoundError,
    StepContextError,
    TypeMismatchError,
    UnsupportedTypeError,
    UserError,
)
from lateen.local import target
from tests.laptop.conftest import Project

M = "classifier"
PRODUCTION = ModelStages.PRODUCTION

seen: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


@step(enable_cache=False)
def take(value: Any) -> None:
    seen.append(value)


def running(body: Callable[[], Any], **options: Any) -> RunView:
    """A run of one step, called "run", which runs the body."""

    @step(name="run", enable_cache=False, **options)
    def run() -> Annotated[int, "out"]:
        body()
        return 1

    @pipeline
    def runs():
        run()

    return runs()


def reads(run: RunView) -> list[ReceiptView]:
    """The receipts of what the step's body looked up."""
    return [receipt for receipt in run.steps["run"].receipts if receipt.kind == "read"]


def elsewhere(operation: str, **arguments: Any) -> Any:
    """What another process asks for meanwhile."""
    return target.default().transport().call(operation, **arguments)


def saved_elsewhere(value: int, name: str = "numbers") -> None:
    """A new version that another process saves."""
    from lateen.materializers import save

    place = elsewhere("new_directory")["path"]
    form = save(value, Path(place))
    elsewhere(
        "save_artifact",
        directory=place,
        format=form.format,
        type=form.type,
        materializer=form.materializer,
        kind=form.kind.value,
        name=name,
    )


def trained(*values: int) -> None:
    """New versions of the model with an artifact "trained" each."""

    @step(enable_cache=False)
    def train(value: int) -> Annotated[int, "trained"]:
        log_model_metadata({"value": value})
        return value

    @pipeline(model=Model(M))
    def training(value: int):
        train(value)

    for value in values:
        training(value)


# 20: reads


def test_a_read_in_a_step_is_live() -> None:
    def body() -> None:
        saved_elsewhere(2)
        seen.append(load_artifact("numbers"))
        seen.append(Client().get_artifact_version("numbers").number)

    save_artifact(1, "numbers")
    running(body)
    assert seen == [2, 2]


def test_a_read_in_a_step_is_recorded_as_an_input_of_the_attempt() -> None:
    saved = save_artifact(1, "numbers")
    (receipt,) = reads(running(lambda: load_artifact("numbers")))
    assert receipt.reference == {"artifact": {"name": "numbers", "version": "latest"}}
    assert (receipt.input, receipt.artifact.id, receipt.became) == ("", saved.id, "1")
    assert receipt.artifact.digest == saved.digest


def test_a_look_up_without_loading_is_recorded_as_well() -> None:
    def body() -> None:
        seen.append(Client().get_model_version(M, PRODUCTION).run_metadata["value"])

    trained(5)
    Client().get_model_version(M).set_stage(PRODUCTION)
    receipt, value = reads(running(body))
    assert seen == [5]
    assert value.value["metadata"] == {"value": 5}
    assert receipt.reference == {"model": {"name": M, "version": "production"}}
    assert (receipt.model.number, receipt.stage_event["to"]) == (1, "production")


def test_what_the_context_s_model_is_asked_for_is_recorded() -> None:
    def body() -> None:
        seen.append(get_step_context().model.get_artifact("trained").data)

    trained(5)
    run = running(body, model=Model(M, version="latest"))
    assert seen == [5]
    own, receipt = reads(run)
    assert (own.reference, own.model.number) == ({"model": {}}, 1)
    assert receipt.reference["model"]["artifact"] == "trained"
    assert (receipt.artifact.name, receipt.model.number) == ("trained", 1)


def test_the_model_that_a_run_makes_is_recorded_where_a_step_looks_at_it() -> None:
    def body() -> None:
        seen.append(get_step_context().model.number)
        seen.append(get_step_context().model.number)

    (receipt,) = reads(running(body, model=Model(M)))
    assert seen == [1, 1]
    assert (receipt.reference, receipt.model.number) == ({"model": {}}, 1)


def test_an_artifact_that_is_loaded_by_its_id_or_from_a_list_is_recorded() -> None:
    def body() -> None:
        load_artifact(saved.id)
        Client().list_artifact_versions("other")[0].load()

    saved, other = save_artifact(1, "numbers"), save_artifact(1, "other")
    read = [receipt.artifact.id for receipt in reads(running(body))]
    assert read == [saved.id, other.id]


def test_what_was_read_once_stays_bound_and_fresh_looks_again() -> None:
    def body() -> None:
        client = Client()
        seen.append(client.get_artifact_version("numbers").number)
        saved_elsewhere(2)
        seen.append(client.get_artifact_version("numbers").number)
        seen.append(client.get_artifact_version("numbers", fresh=True).number)
        saved_elsewhere(3)
        seen.append(client.get_artifact_version("numbers").number)
        seen.append(load_artifact("numbers", 3))

    save_artifact(1, "numbers")
    run = running(body)
    assert seen == [1, 1, 2, 2, 3]
    assert [receipt.became for receipt in reads(run)] == ["1", "2", "3"]


def test_a_stage_that_was_read_once_stays_bound_and_fresh_looks_again() -> None:
    def body() -> None:
        client = Client()
        seen.append(client.get_model_version(M, PRODUCTION).number)
        version = elsewhere("model_version", name=M, version=2)["id"]
        elsewhere("set_stage", model_version=version, stage="production", force=True)
        seen.append(client.get_model_version(M, PRODUCTION).number)
        seen.append(Model(M, version=PRODUCTION).get_artifact("trained").data)
        seen.append(client.get_model_version(M, PRODUCTION, fresh=True).number)
        seen.append(client.get_model_version(M, PRODUCTION).number)

    trained(5, 6)
    Client().get_model_version(M, 1).set_stage(PRODUCTION)
    running(body)
    assert seen == [1, 1, 5, 2, 2]


def promoting_and_reading(value: Any) -> None:
    """Promotes version 2 from elsewhere, then notes what is in production for the step."""
    version = elsewhere("model_version", name=M, version=2)["id"]
    elsewhere("set_stage", model_version=version, stage="production", force=True)
    found = Client().get_model_version(M, PRODUCTION)
    seen.extend([value, found.number, found.get_artifact("trained").data])


@pytest.mark.parametrize(
    "reference",
    [
        lambda model: model.get_artifact("trained"),
        lambda model: model.run_metadata["value"],
        lambda model: model.get_artifact("trained").version,
        lambda model: [model.get_artifact("trained")],
    ],
    ids=["artifact", "metadata", "attribute", "list"],
)
def test_the_stage_of_an_input_stays_bound_for_the_step_s_own_look_ups(
    reference: Callable[[Any], Any],
) -> None:
    @step(enable_cache=False)
    def read(value: Any) -> None:
        promoting_and_reading(value)

    @pipeline
    def reading():
        read(reference(Client().get_model_version(M, PRODUCTION)))

    trained(5, 6)
    Client().get_model_version(M, 1).set_stage(PRODUCTION)
    reading()
    assert seen[1:] == [1, 5]


def test_the_stage_of_the_step_s_model_stays_bound_for_its_look_ups() -> None:
    @step(enable_cache=False)
    def read() -> None:
        promoting_and_reading(None)
        seen.append(get_step_context().model.number)

    @pipeline(model=Model(M, version=PRODUCTION))
    def reading():
        read()

    trained(5, 6)
    Client().get_model_version(M, 1).set_stage(PRODUCTION)
    receipts = reading().steps["read"].receipts
    assert seen == [None, 1, 5, 1]
    assert {receipt.model.number for receipt in receipts} == {1}


def test_the_latest_of_an_input_stays_bound_for_the_step_s_own_look_ups() -> None:
    @step(enable_cache=False)
    def read(value: int) -> None:
        saved_elsewhere(2)
        seen.extend([value, load_artifact("numbers"), load_artifact("numbers", 2)])

    @pipeline
    def reading():
        read(Client().get_artifact_version("numbers"))

    save_artifact(1, "numbers")
    reading()
    assert seen == [1, 1, 2]


def test_what_a_model_version_links_stays_bound_until_the_version_is_looked_up_afresh() -> None:
    def body() -> None:
        model = Client().get_model_version(M, 1)
        seen.append(model.get_artifact("extra").number)
        save_artifact(2, "extra")
        seen.append(model.get_artifact("extra").number)
        with pytest.raises(UserError, match="'data', not 'model'"):
            model.get_model_artifact("extra")
        seen.append(Client().get_model_version(M, 1, fresh=True).get_artifact("extra").number)

    def save() -> None:
        save_artifact(1, "extra")

    trained(5)
    running(save, model=Model(M, version=1))
    running(body, model=Model(M, version=1))
    assert seen == [1, 1, 2]


def test_looking_at_the_own_new_model_does_not_bind_the_latest_one() -> None:
    def body() -> None:
        seen.append(get_step_context().model.number)
        trained(7)
        seen.append(Client().get_model_version(M).number)

    running(body, model=Model(M))
    assert seen == [1, 2]


# 21: views that stand for their values


class Doubling:
    """What is trained."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def predict(self, values: list[int]) -> list[int]:
        return [self.factor * value for value in values]


def test_a_view_forwards_to_its_value_which_is_loaded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def body() -> None:
        found = get_step_context().model.get_model_artifact("doubling")
        seen.append(found.predict([1, 2]))
        seen.append(found.factor)
        seen.append(found.run_metadata["score"] + 1)

    def save() -> None:
        save_artifact(
            Doubling(2),
            "doubling",
            artifact_type=ArtifactType.MODEL,
            user_metadata={"score": 3},
            allow_pickle=True,
        )

    trained(5)
    running(save, model=Model(M, version=1))
    fetched = []
    from lateen.step.session import Session

    fetch = Session.fetch
    monkeypatch.setattr(Session, "fetch", lambda s, id: fetched.append(id) or fetch(s, id))
    running(body, model=Model(M, version=1))
    assert seen == [[2, 4], 2, 4]
    assert len(fetched) == 1


def test_views_take_part_in_calculations_and_are_arguments() -> None:
    def body() -> None:
        numbers = Client().get_artifact_version("numbers")
        seen.extend([numbers + 1, numbers == 4, [10, 20, 30, 40, 50][numbers], f"{numbers:03}"])
        seen.append(save_artifact(numbers, "copied").data)

    save_artifact(4, "numbers")
    running(body)
    assert seen == [5, True, 50, "004", 4]


# 22: saving and registering


def test_what_a_step_saves_stays_if_the_step_fails() -> None:
    def body() -> None:
        save_artifact([1, 2], "saved")
        raise ValueError("no")

    with pytest.raises(RunFailed) as failed:
        running(body)
    found = Client().get_artifact_version("saved")
    assert found.data == [1, 2]
    assert found.run.id == failed.value.run.id
    assert found.producer_step.name == "run"


def test_what_a_step_saves_is_there_at_once_and_linked_to_its_model() -> None:
    def body() -> None:
        save_artifact(1, "saved", tags=["a"], user_metadata={"k": 1})
        seen.append(elsewhere("artifact_version", name="saved")["metadata"]["k"])
        seen.append(get_step_context().model.get_artifact("saved").tags)

    running(body, model=Model(M))
    assert seen == [1, ("a",)]
    assert Client().get_model_version(M).get_artifact("saved").data == 1


def test_what_saving_tells_is_what_the_catalog_tells() -> None:
    def body() -> None:
        new = save_artifact({"a": 1}, "new", tags=["small"], user_metadata={"rows": 2})
        named = save_artifact([1], "named", version="raw")
        again = save_artifact([1], "named", version="raw")
        seen.extend(dict(view._fields) for view in (new, named, again))

    running(body)
    assert seen == [current().call("artifact_version", name=told["id"]) for told in seen]
    assert seen[1] == seen[2]


def test_a_retry_saves_new_versions() -> None:
    def body() -> None:
        save_artifact(1, "saved")
        if get_step_context().attempt < 3:
            raise ValueError("again")

    run = running(body, retry=Retry(limit=2, backoff=0))
    assert [attempt.state for attempt in run.steps["run"].attempts] == [
        "failed",
        "failed",
        "committed",
    ]
    assert [version.number for version in Client().list_artifact_versions("saved")] == [1, 2, 3]


def test_files_and_folders_are_registered_as_paths(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")

    def body() -> None:
        register_artifact(folder, "folder", tags=["raw"])
        register_artifact((tmp_path / "b.txt").as_uri(), "file", "1.0")
        raise ValueError("no")

    with pytest.raises(RunFailed, match="ValueError: no"):
        running(body)
    (folder / "inner" / "a.txt").write_text("changed")
    found = Client().get_artifact_version("folder")
    assert (found.data / "inner" / "a.txt").read_text() == "a"
    assert found.tags == ("raw",)
    file = load_artifact("file", "1.0")
    assert (file.name, file.read_text()) == ("b.txt", "b")


def test_a_file_that_does_not_exist_is_not_registered(tmp_path: Path) -> None:
    (tmp_path / "data.csv").touch()
    with pytest.raises(NotFoundError, match=r"did you mean 'data\.csv'"):
        register_artifact(tmp_path / "dta.csv", "data")


def test_threads_save_and_read() -> None:
    def work(n: int) -> int:
        save_artifact(n, f"saved-{n}")
        get_step_context().add_output_metadata({f"k{n}": n})
        return int(load_artifact("numbers")) + get_step_context().attempt

    def body() -> None:
        with ThreadPoolExecutor(4) as pool:
            seen.extend(pool.map(work, range(8)))

    save_artifact(10, "numbers")
    run = running(body, model=Model(M))
    assert seen == [11] * 8
    names = {view.name for view in Client().get_model_version(M).artifacts}
    assert names == {"out", *(f"saved-{n}" for n in range(8))}
    assert {f"k{n}" for n in range(8)} <= set(run.steps["run"].output.run_metadata)


def save_in_worker(n: int) -> tuple[str, int]:
    save_artifact(n, "saved")
    return get_step_context().step_name, load_artifact("numbers") + n


def test_forked_workers_save_and_read() -> None:
    def body() -> None:
        load_artifact("numbers")  # so that there is a connection to inherit
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(2, mp_context=fork) as pool:
            seen.extend(pool.map(save_in_worker, range(4)))
        seen.append(load_artifact("numbers"))

    save_artifact(10, "numbers")
    run = running(body)
    assert seen == [("run", 10), ("run", 11), ("run", 12), ("run", 13), 10]
    saved = Client().list_artifact_versions("saved")
    assert sorted(version.data for version in saved) == [0, 1, 2, 3]
    assert {version.run.id for version in saved} == {run.id}


ISOLATED = """
import os
from typing import Annotated

from lateen import (
    Client, Model, get_step_context, load_artifact, log_metadata, pipeline, save_artifact, step
)


@step(enable_cache=False)
def work(value: int) -> Annotated[int, "out"]:
    save_artifact(os.getpid(), "pid")
    log_metadata({"loaded": load_artifact("numbers")})
    get_step_context().add_output_metadata({"attempt": get_step_context().attempt})
    get_step_context().model.set_stage("staging")
    return value + Client().get_artifact_version("numbers")


@pipeline(model=Model("classifier"))
def working():
    work(Client().get_artifact_version("numbers"))
"""


def test_a_step_in_a_process_of_its_own_reads_and_writes_alike(project: Project) -> None:
    save_artifact(10, "numbers")
    project.write("isolated", ISOLATED)
    run = target.default().run(project.load("isolated").working.compile(), isolated=True)
    assert load_artifact("pid") != os.getpid()
    assert run.steps["work"].output.data == 20
    assert run.steps["work"].output.run_metadata["attempt"] == 1
    assert logged(run, "work") == {"loaded": 10}
    assert Client().get_model_version(M, "staging").get_artifact("pid").run.id == run.id


# 23: metadata


def logged(run: RunView, step: str = "run") -> dict[str, Any]:
    return run.steps[step].run_metadata


def test_metadata_without_a_target_goes_to_the_step() -> None:
    def body() -> None:
        log_metadata({"a": 1, "b": {"c": [1.5, None]}})
        log_metadata({"a": 2})
        log_step_metadata({"d": True})

    assert logged(running(body)) == {"a": 2, "b": {"c": [1.5, None]}, "d": True}


def test_metadata_goes_to_the_step_s_output_where_that_is_inferred() -> None:
    def body() -> None:
        log_metadata({"a": 1}, infer_artifact=True)
        log_metadata({"b": 2}, infer_artifact=True, artifact_name="out")
        log_artifact_metadata({"c": 3})
        log_artifact_metadata({"d": 4}, artifact_name="out")
        get_step_context().add_output_metadata({"e": 5})
        get_step_context().add_output_tags(["good"])

    run = running(body)
    output = run.steps["run"].output
    assert {key: output.run_metadata[key] for key in "abcde"} == {
        "a": 1,
        "b": 2,
        "c": 3,
        "d": 4,
        "e": 5,
    }
    assert output.tags == ("good",)
    assert logged(run) == {}


def test_metadata_goes_to_the_step_s_model_where_that_is_inferred() -> None:
    def body() -> None:
        log_metadata({"a": 1}, infer_model=True)
        log_model_metadata({"b": 2})
        get_step_context().model.log_metadata({"c": 3})

    running(body, model=Model(M))
    assert Client().get_model_version(M).run_metadata == {"a": 1, "b": 2, "c": 3}


def test_metadata_goes_to_what_names_and_ids_say() -> None:
    def body() -> None:
        log_metadata({"a": 1}, artifact_name="numbers", artifact_version=1)
        log_metadata({"b": 2}, artifact_version_id=saved.id)
        log_artifact_metadata({"c": 3}, "numbers", 1)
        log_metadata({"a": 1}, model_name=M, model_version="1")
        log_metadata({"b": 2}, model_version_id=version.id)
        log_model_metadata({"c": 3}, M, 1)
        log_metadata({"a": 1}, run_id_name_or_prefix=run.name)
        log_metadata({"b": 2}, run_id_name_or_prefix=run.id, step_name="run")

    saved = save_artifact(1, "numbers")
    save_artifact(2, "numbers")
    trained(5)
    version = Client().get_model_version(M)
    run = running(lambda: None)
    running(body)
    artifact = Client().get_artifact_version("numbers", 1).run_metadata
    assert {key: artifact[key] for key in "abc"} == {"a": 1, "b": 2, "c": 3}
    assert version.refresh().run_metadata == {"value": 5, "a": 1, "b": 2, "c": 3}
    assert Client().get_pipeline_run(run.id).run_metadata == {"a": 1}
    assert Client().get_pipeline_run(run.id).steps["run"].run_metadata == {"b": 2}


def test_metadata_is_logged_outside_of_a_step_too_where_a_target_is_named() -> None:
    save_artifact(1, "numbers")
    log_metadata({"a": 1}, artifact_name="numbers")
    assert Client().get_artifact_version("numbers").run_metadata["a"] == 1
    with pytest.raises(StepContextError, match="no step runs"):
        log_metadata({"a": 1})


def test_metadata_of_the_step_and_its_outputs_commits_with_the_step() -> None:
    def body() -> None:
        log_metadata({"a": 1})
        log_metadata({"b": 2}, step_name="run")
        log_metadata({"c": 3}, step_name="run", run_id_name_or_prefix=get_step_context().run.name)
        log_metadata({"d": 4}, infer_artifact=True)
        context = get_step_context()
        seen.append(elsewhere("step", run=context.run.id, step="run")["metadata"])
        if context.attempt == 1:
            raise ValueError("no")
        log_metadata({"e": 5})

    run = running(body, retry=Retry(limit=1, backoff=0))
    assert seen == [{}, {}]
    assert logged(run) == {"a": 1, "b": 2, "c": 3, "e": 5}
    assert run.steps["run"].output.run_metadata["d"] == 4


def test_metadata_of_a_failed_step_is_gone_and_that_of_other_things_stays() -> None:
    def body() -> None:
        log_metadata({"a": 1})
        log_metadata({"a": 1}, artifact_name="numbers")
        log_metadata({"a": 1}, infer_model=True)
        seen.append(elsewhere("artifact_version", name="numbers")["metadata"]["a"])
        raise ValueError("no")

    save_artifact(1, "numbers")
    with pytest.raises(RunFailed) as failed:
        running(body, model=Model(M))
    assert logged(failed.value.run) == {}
    assert seen == [1]
    assert Client().get_model_version(M, 1).run_metadata == {"a": 1}


def test_metadata_of_a_model_version_is_append_only_and_the_newest_is_shown(
    catalog: Callable[[str], list[Any]],
) -> None:
    trained(5)
    version = Client().get_model_version(M)
    version.log_metadata({"value": 6})
    Model(M, version=1).log_metadata({"value": 7, "other": 1})
    assert version.refresh().run_metadata == {"value": 7, "other": 1}
    assert catalog(
        "SELECT value FROM metadata WHERE model_version_id IS NOT NULL AND key = 'value'"
        " ORDER BY id"
    ) == [(5,), (6,), (7,)]


def test_a_missing_key_is_a_missing_reference() -> None:
    @pipeline
    def takes():
        take(Client().get_model_version(M, 1).run_metadata["vaule"])

    trained(5)
    with pytest.raises(RunFailed, match=r"no metadata 'vaule'; did you mean 'value'") as failed:
        takes()
    assert isinstance(failed.value.__cause__, MissingReferenceError)
    assert seen == []


@pytest.mark.parametrize("value", [object(), float("nan"), {1: 2}, {1, 2}])
def test_metadata_that_is_not_json_is_an_error_that_names_the_key(value: Any) -> None:
    def body() -> None:
        with pytest.raises(TypeMismatchError, match="key"):
            log_metadata({"key": value})

    running(body)


# 24: types


def test_an_input_is_checked_before_user_code() -> None:
    @step(enable_cache=False)
    def take_text(value: str) -> None:
        seen.append(value)

    @pipeline
    def takes():
        take_text(Client().get_artifact_version("numbers"))

    save_artifact(1, "numbers")
    with pytest.raises(RunFailed, match=r"input 'value'.*str.*int") as failed:
        takes()
    assert isinstance(failed.value.__cause__, TypeMismatchError)
    assert seen == []


def test_an_output_is_checked_after_user_code_and_then_nothing_is_published() -> None:
    @step(enable_cache=False)
    def put() -> tuple[Annotated[int, "good"], Annotated[int, "bad"]]:
        seen.append("ran")
        return 1, "text"  # type: ignore[return-value]

    @pipeline
    def puts():
        put()

    with pytest.raises(RunFailed, match=r"output 'bad'.*int.*str"):
        puts()
    assert seen == ["ran"]
    with pytest.raises(NotFoundError):
        Client().get_artifact_version("good")


def test_an_int_is_a_float() -> None:
    @step(enable_cache=False)
    def half(value: float) -> Annotated[float, "half"]:
        return value

    @pipeline
    def halves():
        half(Client().get_artifact_version("numbers"))

    save_artifact(1, "numbers")
    assert halves().steps["half"].output.data == 1


@pytest.mark.parametrize("annotation", [object, Any, None])
def test_without_a_class_in_the_annotation_that_of_the_value_decides(annotation: Any) -> None:
    def put():
        return {"a": (1, 2.5)}

    if annotation is not None:
        put.__annotations__["return"] = Annotated[annotation, "out"]
    made = step(enable_cache=False)(put)

    @pipeline
    def puts():
        made()

    output = puts().steps["put"].output
    assert output.data == {"a": (1, 2.5)}
    assert output.type == "builtins.dict"


class Unknown:
    """A class that no materializer knows."""


def test_a_class_that_cannot_be_saved_is_an_error_at_compile_where_it_is_known() -> None:
    @step
    def put() -> Annotated[Unknown, "thing"]:
        seen.append("ran")
        return Unknown()

    @pipeline
    def puts():
        put()

    for compiling in (puts.compile, puts):
        with pytest.raises(CompileError, match=r"test_in_step\.py:\d+.*'thing'.*Unknown"):
            compiling()
    assert seen == []
    assert Client().list_pipelines() == []


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[Unknown, ArtifactConfig(name="thing", allow_pickle=True)],
        Annotated[object, ArtifactConfig(name="thing", allow_pickle=True)],
    ],
)
def test_pickle_is_used_where_the_author_asks_for_it_and_recorded(annotation: Any) -> None:
    def put():
        return Unknown()

    put.__annotations__["return"] = annotation
    made = step(enable_cache=False)(put)

    @pipeline
    def puts():
        take(made())

    output = puts().steps["put"].output
    assert isinstance(seen[0], Unknown)
    assert output.pickled
    assert not save_artifact(1, "numbers").pickled


def test_a_value_that_cannot_be_saved_goes_to_a_rescue_file_that_the_error_names(
    workspace: Path,
) -> None:
    import pickle

    @step
    def put() -> Annotated[object, "thing"]:
        return Unknown()

    @pipeline
    def puts():
        put()

    with pytest.raises(RunFailed, match="Unknown") as failed:
        puts()
    assert isinstance(failed.value.__cause__, UnsupportedTypeError)
    (rescue,) = (workspace / "rescued").rglob("*.pickle")
    assert str(rescue) in str(failed.value)
    assert isinstance(pickle.loads(rescue.read_bytes()), Unknown)


def test_an_external_value_is_saved_by_its_content() -> None:
    @pipeline
    def takes(value: Any):
        take(ExternalArtifact(value=value))

    for value in ([1, 2], [1, 2], [3]):
        takes(value)
    assert seen == [[1, 2], [1, 2], [3]]
    assert len(Client().list_artifact_versions("external")) == 2


# 25: metadata as an argument


@pytest.fixture
def scored() -> Mapping[str, Any]:
    """Metadata on the newest version of "numbers"."""
    metadata = {"f1": 0.75, "counts": {"train": [10, 20]}, "name": "x"}
    save_artifact(1, "numbers", user_metadata=metadata)
    return metadata


def test_a_metadata_value_arrives_as_the_plain_value_and_is_in_the_receipt(
    scored: Mapping[str, Any],
) -> None:
    @step(enable_cache=False)
    def read(f1: float, counts: list[int], first: int) -> None:
        seen.append((f1, counts, first))

    @pipeline
    def reading():
        metadata = Client().get_artifact_version("numbers").run_metadata
        counts = metadata["counts"]["train"]
        read(metadata["f1"].value, counts, counts[0])

    run = reading()
    assert seen == [(0.75, [10, 20], 10)]
    receipt = next(found for found in run.steps["read"].receipts if found.input == "f1")
    assert (receipt.value, receipt.became, receipt.artifact.number) == (0.75, "0.75", 1)
    assert run.steps["read"].inputs["counts"] == [10, 20]


def test_a_metadata_value_of_another_type_fails_the_step_before_user_code(
    scored: Mapping[str, Any],
) -> None:
    @step(enable_cache=False)
    def read(name: float) -> None:
        seen.append(name)

    @pipeline
    def reading():
        read(Client().get_artifact_version("numbers").run_metadata["name"])

    with pytest.raises(RunFailed, match=r"input 'name'.*float.*str"):
        reading()
    assert seen == []


def test_a_metadata_value_is_part_of_the_key(scored: Mapping[str, Any]) -> None:
    @step
    def read(f1: float) -> Annotated[float, "f1"]:
        return f1

    @pipeline
    def reading():
        return read(Client().get_artifact_version("numbers").run_metadata["f1"])

    reading()
    log_metadata({"other": 1}, artifact_name="numbers")
    assert reading().steps["read"].cached
    log_metadata({"f1": 0.5}, artifact_name="numbers")
    run = reading()
    assert not run.steps["read"].cached
    assert run.outputs["f1"].data == 0.5
