"""What step calls give in a body, and the order of steps."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from lateen.authoring.handles import StepHandle, StepOutputHandle, StepOutputHandles
from lateen.authoring.pipeline import Pipeline, pipeline
from lateen.authoring.step import step
from lateen.domain.errors import CompileError, LateValueError
from lateen.domain.references import Attribute, Metadata, StepOutput


@step
def load() -> Annotated[int, "iris"]:
    return 1


@step
def split_data() -> tuple[Annotated[int, "train"], Annotated[int, "test"]]:
    return 1, 2


@step
def notify() -> None: ...


@step
def take(data: Any) -> None: ...


def orders(body: Pipeline[[]]) -> dict[str, tuple[str, ...]]:
    return {step.name: step.after for step in body.compile().spec.steps}


def test_one_output_is_a_handle_with_late_metadata_and_attributes() -> None:
    @pipeline
    def body() -> None:
        iris = load()
        assert isinstance(iris, StepOutputHandle)
        take([iris.run_metadata["rows"].value, iris.version])

    found: Any = body.compile().spec.steps[1].inputs["data"]
    made = StepOutput("load", "iris")
    assert found.items == (Metadata("rows", made), Attribute("version", made))


def test_several_outputs_are_unpacked_or_indexed() -> None:
    @pipeline
    def body() -> None:
        handles: Any = split_data()
        train, test = handles
        assert isinstance(handles, StepOutputHandles)
        assert len(handles) == 2
        assert handles[0] is handles["train"] is train
        assert handles[-1] is handles["test"] is test
        assert test.__lateen_source__ == StepOutput("split-data", "test")
        assert repr(handles) == "<late outputs 'train', 'test' of the step 'split_data'>"

    body.compile()


def test_unpacking_takes_exactly_as_many_as_there_are() -> None:
    @pipeline
    def body() -> None:
        _, _, _ = split_data()

    with pytest.raises(ValueError, match="not enough values to unpack"):
        body.compile()


@pytest.mark.parametrize(("key", "told"), [(2, "no 2"), ("trian", "did you mean 'train'")])
def test_an_output_that_is_not_there_is_named(key: Any, told: str) -> None:
    @pipeline
    def body() -> None:
        split_data()[key]

    with pytest.raises(LateValueError, match=told):
        body.compile()


def test_unpacking_one_output_names_the_way_out() -> None:
    @pipeline
    def body() -> None:
        _, _ = load()

    with pytest.raises(LateValueError) as caught:
        body.compile()
    assert "test_handles.py:" in str(caught.value)
    assert 'tuple[Annotated[A, "a"], Annotated[B, "b"]]' in str(caught.value)


def test_an_output_among_several_cannot_be_unpacked_either() -> None:
    @pipeline
    def body() -> None:
        train, _ = split_data()
        list(train)

    with pytest.raises(LateValueError, match="cannot be iterated over") as caught:
        body.compile()
    assert "Annotated" not in str(caught.value)


def test_a_step_without_outputs_gives_a_handle_for_after() -> None:
    @pipeline
    def body() -> None:
        told = notify()
        assert isinstance(told, StepHandle)
        load.with_options(after=told)()

    assert orders(body) == {"notify": (), "load": ("notify",)}


def test_after_takes_names_handles_and_lists_at_the_call_and_in_options() -> None:
    @pipeline
    def body() -> None:
        iris, told, parts = load(), notify(), split_data()
        notify.with_options(name="by_handles", after=[iris, told])()
        notify.with_options(name="by_name", after="split_data")()
        notify.with_options(name="by_dns_name", after="split-data")()
        notify.with_options(name="by_outputs", after=(parts, parts[0]))()
        notify.with_options(name="by_metadata", after=iris.run_metadata["rows"])()
        notify.with_options(name="at_the_call", after=iris)(after=[told, "by_name"])
        notify.with_options(name="none", after=None)()

    assert orders(body) == {
        "load": (),
        "notify": (),
        "split-data": (),
        "by-handles": ("load", "notify"),
        "by-name": ("split-data",),
        "by-dns-name": ("split-data",),
        "by-outputs": ("split-data",),
        "by-metadata": ("load",),
        "at-the-call": ("load", "notify", "by-name"),
        "none": (),
    }


def test_a_name_may_be_of_a_step_that_is_called_later() -> None:
    @pipeline
    def body() -> None:
        notify.with_options(after="load")()
        load()

    assert orders(body)["notify"] == ("load",)


def test_after_an_unknown_step_shows_the_line_and_the_nearest_name() -> None:
    @pipeline
    def body() -> None:
        split_data()
        notify.with_options(after="split_dta")()

    line = body.function.__code__.co_firstlineno + 3
    with pytest.raises(CompileError, match=rf":{line}: after='split_dta'.*mean 'split_data'"):
        body.compile()


@pytest.mark.parametrize("wrong", [3, load, {"a": 1}])
def test_after_takes_nothing_else(wrong: Any) -> None:
    @pipeline
    def body() -> None:
        notify.with_options(after=wrong)()

    with pytest.raises(CompileError, match="it takes names of steps"):
        body.compile()


def test_after_refuses_handles_of_another_compilation() -> None:
    kept: list[Any] = []

    @pipeline
    def first() -> None:
        kept.append(load())

    @pipeline
    def second() -> None:
        load()
        notify.with_options(after=kept)()

    first.compile()
    with pytest.raises(CompileError, match="of another compilation"):
        second.compile()


def test_steps_that_wait_for_each_other_fail_at_compile() -> None:
    @pipeline
    def body() -> None:
        notify.with_options(after="load")()
        load.with_options(after="notify")()

    with pytest.raises(CompileError, match=r"test_handles\.py:\d+: .*circle: .*load -> notify"):
        body.compile()
