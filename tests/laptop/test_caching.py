"""Semantics 26 to 28: what a step's outputs are found again by, and when they must not be."""

from __future__ import annotations

import platform
from collections.abc import Callable
from queue import SimpleQueue
from typing import Annotated, Any

import pytest

from lateen import (
    ArtifactConfig,
    Client,
    ExternalArtifact,
    Model,
    ModelStages,
    Retry,
    RunFailed,
    get_pipeline_context,
    get_step_context,
    load_artifact,
    log_metadata,
    log_model_metadata,
    pipeline,
    save_artifact,
    step,
)
from lateen.client.views.run import RunView
from lateen.domain.states import StepPhase
from tests.laptop.conftest import Project

M = "classifier"

# A queue has no text of its own, so its content is no part of the code's digest, as a list's is.
calls: SimpleQueue[str] = SimpleQueue()


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    called()


def called() -> list[str]:
    """What was called since the last look."""
    return [calls.get() for _ in range(calls.qsize())]


@step
def double(value: int) -> Annotated[int, "doubled"]:
    calls.put("double")
    return 2 * value


@pipeline
def doubling(value: int):
    return double(value)


@pipeline
def doubling_latest():
    return double(Client().get_artifact_version("numbers"))


def cached(run: RunView) -> list[bool]:
    return [found.cached for found in run.steps.values()]


# 26: on by default


def test_a_step_is_cached_by_default_and_its_code_does_not_run() -> None:
    first, second = doubling(2), doubling(2)
    assert called() == ["double"]
    assert (cached(first), cached(second)) == ([False], [True])
    assert second.steps["double"].status is StepPhase.CACHED
    assert second.outputs["doubled"].data == 4
    assert second.outputs["doubled"].run.id == first.id


def test_a_cached_step_has_receipts_and_names_its_source() -> None:
    save_artifact(3, "numbers")
    first = doubling_latest()
    attempt = (second := doubling_latest()).steps["double"].attempts[-1]
    third = doubling_latest()
    for run in (second, third):
        source = run.steps["double"].attempts[-1].cached_from
        assert (source["run"], source["run_name"]) == (first.id, first.name)
    (receipt,) = second.steps["double"].receipts
    assert receipt.artifact.number == 1
    assert attempt.cache_key == first.steps["double"].attempts[-1].cache_key


def test_a_step_may_refuse_to_be_cached() -> None:
    @pipeline
    def doubles():
        double.with_options(enable_cache=False)(2)

    assert [cached(doubles()) for _ in range(2)] == [[False], [False]]


def test_a_pipeline_may_refuse_for_its_steps_and_a_step_may_still_ask() -> None:
    @pipeline(enable_cache=False)
    def doubles():
        double(2)
        double.with_options(name="asking", enable_cache=True)(3)

    doubles()
    assert cached(doubles()) == [False, True]


# 26: the code


MODULE = """
from typing import Annotated

from lateen import pipeline, step

import helpers

FACTOR = 2


def scaled(value):
    return FACTOR * value


def unused(value):
    return value


@step
def scale(value: int, offset: int = 0) -> Annotated[int, "scaled"]:
    return helpers.moved(scaled(value)) + offset


@pipeline
def scaling(value: int = 1):
    return scale(value)
"""
HELPERS = """
def moved(value):
    return value


def other(value):
    return value
"""


@pytest.fixture
def scaling(project: Project) -> Callable[..., RunView]:
    """Runs the project's pipeline, after an edit of one of its files."""
    project.write("scales", MODULE)
    project.write("helpers", HELPERS)

    def run(old: str = "", new: str = "", *, name: str = "scales") -> RunView:
        path = project.root / f"{name}.py"
        source = path.read_text()
        assert old in source
        path.write_text(source.replace(old, new, 1))
        found: RunView = project.load("scales").scaling()
        return found

    return run


def test_the_same_code_imported_anew_is_a_hit(scaling: Callable[..., RunView]) -> None:
    assert cached(scaling()) == [False]
    assert cached(scaling()) == [True]


@pytest.mark.parametrize(
    ("name", "old", "new", "value"),
    [
        ("scales", "+ offset", "- 1 + offset", 1),
        ("scales", "return FACTOR * value", "return FACTOR * value + 7", 9),
        ("scales", "FACTOR = 2", "FACTOR = 3", 3),
        ("scales", "offset: int = 0", "offset: int = 5", 7),
        ("helpers", "return value", "return -value", -2),
    ],
    ids=["the step", "a function", "a constant", "a default", "another module"],
)
def test_an_edit_of_what_the_step_reaches_is_a_miss(
    scaling: Callable[..., RunView], name: str, old: str, new: str, value: int
) -> None:
    assert scaling().outputs["scaled"].data == 2
    run = scaling(old, new, name=name)
    assert cached(run) == [False]
    assert run.outputs["scaled"].data == value
    assert cached(scaling(new, old, name=name)) == [True]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("scales", "def unused(value):\n    return value", "def unused(value):\n    return 1"),
        ("helpers", "def other(value):\n    return value", "def other(value):\n    return 1"),
        ("scales", "FACTOR = 2", "# the factor\nFACTOR = 2"),
    ],
    ids=["a function", "another module", "a comment"],
)
def test_an_edit_of_what_the_step_does_not_reach_is_a_hit(
    scaling: Callable[..., RunView], name: str, old: str, new: str
) -> None:
    scaling()
    assert cached(scaling(old, new, name=name)) == [True]


# 26: parameters and inputs


def test_another_parameter_is_a_miss() -> None:
    doubling(2)
    assert cached(doubling(3)) == [False]
    assert cached(doubling(2)) == [True]


def test_an_input_counts_by_its_digest_not_by_its_version() -> None:
    save_artifact(3, "numbers")
    doubling_latest()
    save_artifact(3, "numbers")
    second = doubling_latest()
    save_artifact(4, "numbers")
    third = doubling_latest()
    assert (cached(second), cached(third)) == ([True], [False])
    assert second.steps["double"].receipts[0].artifact.number == 2
    assert third.outputs["doubled"].data == 8


def test_an_output_of_a_step_that_ran_again_counts_by_its_digest() -> None:
    @step(enable_cache=False)
    def put(value: int) -> int:
        return value % 10

    @pipeline
    def puts_and_doubles(value: int):
        double(put(value))

    assert cached(puts_and_doubles(12)) == [False, False]
    assert cached(puts_and_doubles(22)) == [False, True]
    assert cached(puts_and_doubles(23)) == [False, False]


def test_a_value_that_the_caller_brings_counts_by_its_content() -> None:
    @pipeline
    def doubles(value: Any):
        double(ExternalArtifact(value=value))

    assert [cached(doubles(value)) for value in (1, 1, 2)] == [[False], [True], [False]]


def test_the_order_and_the_kind_of_a_container_count() -> None:
    @step
    def add_up(values: Any) -> int:
        return sum(values)

    @pipeline
    def adds(of: str):
        one, two = double(1), double.with_options(name="two")(2)
        values: Any = {"list": [one, two], "swapped": [two, one], "tuple": (one, two)}[of]
        add_up(values)

    for of in ("list", "swapped", "tuple"):
        assert cached(adds(of))[2] is False
    for of in ("list", "swapped", "tuple"):
        assert cached(adds(of))[2] is True


# 26: outputs, materializers, environment


def named(config: ArtifactConfig) -> Callable[[], RunView]:
    """A pipeline of one step whose output is published as the config says."""

    def put() -> int:
        return 1

    put.__annotations__["return"] = Annotated[int, config]

    @pipeline(name="puts")
    def puts():
        step(put)()

    return puts


def test_another_name_or_version_or_kind_of_an_output_is_a_miss() -> None:
    configs = [
        ArtifactConfig(name="one"),
        ArtifactConfig(name="other"),
        ArtifactConfig(name="one", version="1.0"),
        ArtifactConfig(name="one", artifact_type="model"),
    ]
    for config in configs:
        assert cached(named(config)()) == [False]
    for config in configs:
        assert cached(named(config)()) == [True]


def test_the_template_of_a_name_counts_and_not_the_time_that_it_shows() -> None:
    first, second = (named(ArtifactConfig(name="at_{time}"))() for _ in range(2))
    assert cached(second) == [True]
    output = second.steps["put"].outputs[0]
    assert output.id == first.steps["put"].outputs[0].id
    assert cached(named(ArtifactConfig(name="at_{date}_{time}"))()) == [False]


def test_an_unnamed_output_belongs_to_its_pipeline_and_a_named_one_to_all() -> None:
    @step
    def put() -> int:
        return 1

    def puts_and_doubles():
        put()
        double(1)

    assert cached(pipeline(name="one")(puts_and_doubles)()) == [False, False]
    assert cached(pipeline(name="other")(puts_and_doubles)()) == [False, True]


MATERIALIZED = """
from pathlib import Path
from typing import Annotated

from lateen import pipeline, step
from lateen.materializers import BaseMaterializer


class Thing:
    def __init__(self, text):
        self.text = text


class ThingMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES = (Thing,)

    def save(self, data):
        Path(self.uri, "thing").write_text(data.text)

    def load(self, data_type):
        return Thing(Path(self.uri, "thing").read_text())


class Chosen(BaseMaterializer):
    def save(self, data):
        Path(self.uri, "chosen").write_text(str(data))

    def load(self, data_type):
        return int(Path(self.uri, "chosen").read_text())


class Other(Chosen):
    pass


@step
def make() -> Annotated[Thing, "thing"]:
    return Thing("text")


@step(output_materializers=Chosen)
def choose() -> Annotated[int, "chosen"]:
    return 1


@pipeline
def making():
    make()
    choose()
"""


@pytest.mark.parametrize(
    ("old", "new", "hits"),
    [
        ("", "", [True, True]),
        ("write_text(data.text)", "write_text(data.text + '!')", [False, True]),
        ("write_text(str(data))", "write_text(str(data + 1))", [True, False]),
        ("output_materializers=Chosen", "output_materializers=Other", [True, False]),
    ],
    ids=["no edit", "a registered one's code", "a chosen one's code", "another one"],
)
def test_the_materializers_count(project: Project, old: str, new: str, hits: list[bool]) -> None:
    project.write("things", MATERIALIZED)
    assert cached(project.load("things").making()) == [False, False]
    project.write("things", MATERIALIZED.replace(old, new))
    assert cached(project.load("things").making()) == hits


def test_another_minor_version_of_python_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    doubling(2)
    major, minor, _ = platform.python_version_tuple()
    monkeypatch.setattr(platform, "python_version_tuple", lambda: (major, minor, "99"))
    assert cached(doubling(2)) == [True]
    monkeypatch.setattr(platform, "python_version_tuple", lambda: (major, "99", "0"))
    assert cached(doubling(2)) == [False]


def test_two_runs_that_miss_at_once_are_both_right() -> None:
    inner: SimpleQueue[RunView] = SimpleQueue()

    @step
    def put_once_inside() -> Annotated[int, "put"]:
        if inner.empty() and not called():
            calls.put("outer")
            inner.put(puts())
        return 5

    @pipeline
    def puts():
        return put_once_inside()

    outer, third = puts(), puts()
    runs = [outer, inner.get()]
    assert [cached(run) for run in runs] == [[False], [False]]
    assert [run.outputs["put"].data for run in runs] == [5, 5]
    assert {run.outputs["put"].number for run in runs} == {1, 2}
    assert cached(third) == [True]


def test_a_failed_attempt_serves_nobody_and_the_retry_that_succeeded_does() -> None:
    @step(retry=Retry(limit=1, backoff=0))
    def put_at_last() -> int:
        if get_step_context().attempt == 1:
            raise ValueError("again")
        return 1

    @pipeline
    def puts():
        put_at_last()

    first, second = puts(), puts()
    assert [attempt.state for attempt in first.steps[0].attempts] == ["failed", "committed"]
    assert cached(second) == [True]
    assert second.steps[0].attempts[-1].cached_from["n"] == 2


def test_a_step_of_a_run_that_failed_later_is_a_hit() -> None:
    @step
    def fail() -> None:
        raise ValueError("no")

    @pipeline
    def doubles_and_fails():
        fail(after=double(2))

    for hit in (False, True):
        with pytest.raises(RunFailed) as failed:
            doubles_and_fails()
        assert cached(failed.value.run) == [hit, False]


# 27: what never serves hits


def reading(read: Callable[[], Any]) -> Callable[[], RunView]:
    """A pipeline whose step reads in its body, with a version of the model to read."""

    @step
    def read_in_body() -> str:
        return str(read())

    @pipeline(model=Model(M, version=1))
    def reads():
        read_in_body()

    pipeline(model=Model(M))(doubling.function)(1)
    save_artifact(1, "numbers")
    return reads


@pytest.mark.parametrize(
    ("read", "move"),
    [
        (lambda: load_artifact("numbers"), lambda: save_artifact(2, "numbers")),
        (
            lambda: Client().get_artifact_version("numbers").run_metadata.get("rows"),
            lambda: log_metadata({"rows": 3}, artifact_name="numbers"),
        ),
        (
            lambda: Client().get_model_version(M).stage,
            lambda: Model(M, version=1).set_stage("staging"),
        ),
        (
            lambda: get_step_context().model.run_metadata.get("score"),
            lambda: Model(M, version=1).log_metadata({"score": 3}),
        ),
    ],
    ids=["a value", "metadata", "a stage", "the own model"],
)
def test_a_step_never_serves_a_hit_once_what_it_read_in_its_body_has_moved(
    read: Callable[[], Any], move: Callable[[], Any]
) -> None:
    reads = reading(read)
    first = reads()
    move()
    second = reads()
    assert (cached(first), cached(second)) == ([False], [False])
    assert second.steps[0].output.data != first.steps[0].output.data


@pytest.mark.parametrize(
    "read",
    [
        lambda: Client().list_artifact_versions("numbers"),
        lambda: Client().list_model_versions(M),
        lambda: get_step_context().run.status,
        lambda: Client().get_pipeline_run(get_step_context().run.id).name,
        lambda: len(Client().get_pipeline("reads").runs),
    ],
    ids=["versions", "versions of a model", "own run", "a run", "runs"],
)
def test_a_step_that_read_history_in_its_body_never_serves_a_hit(read: Callable[[], Any]) -> None:
    reads = reading(read)
    assert [cached(reads()) for _ in range(2)] == [[False], [False]]


def test_a_step_that_only_asks_for_its_context_s_names_is_cached() -> None:
    @step
    def ask() -> str:
        context = get_step_context()
        return f"{context.step_name} {context.attempt} {context.inputs}"

    @pipeline
    def asks():
        ask()

    assert [cached(asks()) for _ in range(2)] == [[False], [True]]


def test_a_step_that_asks_for_its_run_s_parameters_never_serves_a_hit() -> None:
    @step
    def ask() -> int:
        return int(get_step_context().run.parameters["n"])

    @step
    def take(n: int) -> int:
        return n

    @pipeline
    def asks(n: int):
        take(n)
        ask()

    assert [asks(n).steps["ask"].output.data for n in (1, 2)] == [1, 2]


def test_an_output_whose_bytes_are_gone_is_made_anew(lose_bytes: Callable[[], None]) -> None:
    doubling(2)
    lose_bytes()
    second = doubling(2)
    assert cached(second) == [False]
    assert second.outputs["doubled"].data == 4
    assert cached(doubling(2)) == [True]


# 28: what a source brings along


def test_an_attempt_that_promoted_never_serves_a_hit() -> None:
    @step
    def promote() -> int:
        Model(M, version=1).set_stage(ModelStages.PRODUCTION, force=True)
        return 1

    @pipeline
    def promotes():
        promote()

    pipeline(model=Model(M))(doubling.function)(1)
    assert [cached(promotes()) for _ in range(2)] == [[False], [False]]


def test_metadata_of_the_step_and_its_outputs_is_there_again() -> None:
    @step
    def measure() -> Annotated[int, "measured"]:
        log_metadata({"seconds": 3})
        log_metadata({"rows": 7}, infer_artifact=True)
        return 1

    @pipeline
    def measures():
        measure()

    measures()
    run = measures()
    assert cached(run) == [True]
    assert run.steps["measure"].run_metadata == {"seconds": 3}
    assert run.steps["measure"].output.run_metadata["rows"] == 7


def test_metadata_of_the_model_is_logged_again_on_the_new_version() -> None:
    @step
    def train() -> Annotated[int, "trained"]:
        log_model_metadata({"score": 1, "other": 2})
        log_model_metadata({"score": 3})
        return 1

    @step(enable_cache=False)
    def take(score: int) -> int:
        return score

    @pipeline(model=Model(M))
    def training():
        return take(get_pipeline_context().model.run_metadata["score"], after=train())

    training()
    run = training()
    assert cached(run) == [True, False]
    assert run.outputs["output"].data == 3
    assert Client().get_model_version(M, 2).run_metadata == {"score": 3, "other": 2}


def test_metadata_is_not_logged_again_on_the_model_version_that_has_it() -> None:
    @step
    def train() -> Annotated[int, "trained"]:
        log_model_metadata({"score": 1})
        return 1

    @pipeline(model=Model(M, version="1.0"))
    def training():
        train()

    training()
    Model(M, version="1.0").log_metadata({"score": 2})
    assert cached(training()) == [True]
    assert Client().get_model_version(M, "1.0").run_metadata == {"score": 2}


def test_metadata_is_logged_again_on_the_version_that_is_in_the_stage_now() -> None:
    @step
    def measure() -> int:
        log_model_metadata({"score": 1})
        return 1

    @pipeline(model=Model(M, version="production"))
    def measures():
        measure()

    training = pipeline(model=Model(M))(doubling.function)
    for number in (1, 2):
        training(number)
        Model(M, version=number).set_stage("production", force=True)
        run = measures()
    assert cached(run) == [True]
    for number in (1, 2):
        assert Client().get_model_version(M, number).run_metadata == {"score": 1}


def test_what_a_step_saved_is_linked_to_the_new_model_version() -> None:
    @step
    def train() -> Annotated[int, "trained"]:
        save_artifact([1, 2], "curve")
        return 1

    @pipeline(model=Model(M))
    def training():
        train()

    training()
    assert cached(training()) == [True]
    one, two = Client().list_model_versions(M)
    assert two.get_artifact("curve").id == one.get_artifact("curve").id
    assert len(Client().list_artifact_versions("curve")) == 1
