"""What a pipeline is, what its parameters become, and where its calls go."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pytest

from lateen import Model
from lateen.authoring import target
from lateen.authoring.compiled import CompiledPipeline
from lateen.authoring.composition import composing, loading
from lateen.authoring.context import get_pipeline_context
from lateen.authoring.pipeline import Pipeline, pipeline
from lateen.authoring.step import step
from lateen.domain.errors import (
    CompileError,
    LateValueError,
    ParameterError,
    SetupError,
    StepContextError,
)
from lateen.domain.missing import MISSING
from lateen.domain.references import Parameter, StepOutput, Value
from lateen.domain.spec import ModelSpec, ParameterSpec, PipelineSpec


@step
def load() -> Annotated[int, "iris"]:
    return 1


@step
def take(data: Any, more: Any = None) -> int:
    return 1


class RecordingTarget:
    """A target that keeps what it is given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, CompiledPipeline]] = []

    def run(self, compiled: CompiledPipeline) -> str:
        self.given.append(("run", compiled))
        return "the finished run"

    def submit(self, compiled: CompiledPipeline) -> str:
        self.given.append(("submit", compiled))
        return "the started run"


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> RecordingTarget:
    kept = RecordingTarget()
    monkeypatch.setattr(target, "_factory", lambda: kept)
    return kept


@pipeline
def typed(
    threshold: float,
    n: int = 3,
    *,
    label: str | None = None,
    flag: bool = True,
    names: tuple[str, ...] = ("a",),
    table: dict[str, int],
    anything: Any = None,
) -> None:
    take(threshold, n)
    take(label, flag)
    take(names, table)
    take(anything)


@pipeline
def looping(times: int, label: str = "x") -> None:
    for _ in range(times):
        take(label)


def test_parameters_that_are_passed_on_stay_symbolic_with_type_and_default() -> None:
    assert typed.compile().spec.parameters == (
        ParameterSpec("threshold", "number"),
        ParameterSpec("n", "integer", 3),
        ParameterSpec("label", "string", None, nullable=True),
        ParameterSpec("flag", "boolean", True),
        ParameterSpec("names", "array", ["a"]),
        ParameterSpec("table", "object"),
        ParameterSpec("anything", None, None),
    )
    assert typed.compile().spec.steps[0].inputs["data"] == Parameter("threshold")


def test_values_given_for_symbolic_parameters_stand_beside_the_spec() -> None:
    compiled = typed.compile(1, label="a")
    assert compiled.parameters == {"threshold": 1.0, "label": "a"}
    assert type(compiled.parameters["threshold"]) is float
    assert compiled.spec == typed.compile().spec


def test_a_parameter_that_the_body_uses_is_baked_in_and_listed_as_frozen() -> None:
    compiled = looping.compile(2)
    assert len(compiled.spec.steps) == 2
    assert compiled.spec.parameters == (
        ParameterSpec("times", "integer", MISSING, 2),
        ParameterSpec("label", "string", "x"),
    )
    assert compiled.parameters == {}


def test_a_baked_parameter_needs_a_value_to_compile() -> None:
    with pytest.raises(CompileError, match=r"test_pipeline\.py:\d+: looping\(\).*--param times="):
        looping.compile()


def test_a_baked_value_has_its_declared_type_in_the_body() -> None:
    seen: list[Any] = []

    @pipeline
    def body(rate: float, sizes: tuple[int, ...] = (1, 2)) -> None:
        seen.extend([rate + 0, list(sizes), type(sizes)])
        load()

    compiled = body.compile("2")
    assert seen == [2.0, [1, 2], tuple]
    assert compiled.spec.parameters[0].frozen == 2.0
    assert compiled.spec.parameters[1].frozen == [1, 2]


def test_parameters_of_with_options_are_beaten_by_the_call() -> None:
    configured = typed.with_options(parameters={"threshold": 0.1, "n": 1})
    assert configured.compile(n=2).parameters == {"threshold": 0.1, "n": 2}


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"treshold": 1}, CompileError, "did you mean 'threshold'"),
        ({"threshold": "high"}, ParameterError, "'threshold' is a number"),
        ({"n": 1.5}, ParameterError, "'n' is an integer"),
        ({"anything": {1}}, ParameterError, "not JSON"),
    ],
)
def test_values_that_do_not_fit_are_refused(
    given: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        typed.compile(**given)


@pytest.mark.parametrize("annotation", [Literal["a", "b"], int | str, list])
def test_types_that_schema_has_no_word_for_take_anything(annotation: Any) -> None:
    def body(value: Any) -> None:
        take(value)

    body.__annotations__["value"] = annotation
    schema = {list: "array"}.get(annotation)
    assert pipeline(body).compile().spec.parameters == (ParameterSpec("value", schema),)


def test_a_default_that_does_not_fit_fails_at_compile() -> None:
    @pipeline
    def body(n: int = "three") -> None:
        take(n)

    with pytest.raises(CompileError, match=r"test_pipeline\.py:\d+: the default of 'n' of body"):
        body.compile()


def test_all_options_reach_the_compiled_pipeline() -> None:
    configured = looping.with_options(
        name="loop",
        model=Model("iris", version="production"),
        freshness="run",
        timeout="2h",
        failure_policy="fast",
        image="registry.example.com/iris:1.4",
        run_name="nightly-{date}",
    )
    compiled = configured.compile(1)
    assert compiled.spec.name == "loop"
    assert compiled.spec.model == ModelSpec("iris", "production")
    assert compiled.spec.freshness == "run"
    assert compiled.spec.timeout == 7200
    assert compiled.spec.failure_policy == "fast"
    assert compiled.spec.image == "registry.example.com/iris:1.4"
    assert compiled.run_name == "nightly-{date}"
    assert compiled.source == __file__


def test_options_of_the_decorator_are_those_of_with_options() -> None:
    @pipeline(name="loop", freshness="run")
    def body() -> None:
        load()

    spec = body.compile().spec
    assert (spec.name, spec.freshness) == ("loop", "run")


def test_the_cache_of_a_pipeline_holds_for_steps_that_do_not_say_it_themselves() -> None:
    @pipeline(enable_cache=False)
    def body() -> None:
        load()
        load.with_options(enable_cache=True)()

    assert [step.cache for step in body.compile().spec.steps] == [False, True]


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("freshness", "always", "'step' or 'run'"),
        ("failure_policy", None, "'continue' or 'stop' or 'fast'"),
        ("run_name", "{hour}", "{hour}"),
        ("name", "no spaces", "no_spaces"),
        ("settings", {}, "no option 'settings'"),
        ("parameters", {"labl": 1}, "did you mean 'label'"),
    ],
)
def test_options_that_cannot_be_are_refused(option: str, value: Any, told: str) -> None:
    with pytest.raises(CompileError, match=re.escape(told)):
        looping.with_options(**{option: value})


def test_a_compiled_pipeline_survives_json() -> None:
    spec = typed.compile(1).spec
    assert PipelineSpec.from_json(spec.to_json()) == spec


def test_definitions_are_kept_by_the_names_of_the_cluster() -> None:
    compiled = looping.compile(2)
    assert list(compiled.definitions) == ["take", "take-2"]
    assert compiled.definitions["take-2"].function is take.function
    assert compiled.spec.steps[0].entrypoint == f"{__name__}:take"
    assert str(compiled.spec.steps[0].code_digest).startswith("sha256:")


def test_a_body_that_calls_no_step_fails_at_compile() -> None:
    @pipeline
    def body() -> None: ...

    with pytest.raises(CompileError, match=r"test_pipeline\.py:\d+: .*'body' calls no step"):
        body.compile()


def test_errors_of_the_body_pass_through_and_end_the_compilation() -> None:
    @pipeline
    def body() -> None:
        load()
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        body.compile()
    assert composing() is None
    assert load() == 1


def test_a_pipeline_keeps_name_and_docstring_of_its_function() -> None:
    assert looping.__name__ == looping.name == "looping"
    assert repr(looping) == f"<pipeline 'looping' of {__name__}>"


@pytest.mark.parametrize("wrong", [3, load, RecordingTarget, "x"])
def test_what_is_no_function_cannot_be_a_pipeline(wrong: Any) -> None:
    with pytest.raises(CompileError, match="@pipeline"):
        pipeline(wrong)


def test_an_async_function_cannot_be_a_pipeline() -> None:
    async def body() -> None: ...

    with pytest.raises(CompileError, match=r"@pipeline.*async"):
        pipeline(body)


def test_calling_a_pipeline_runs_it_on_the_current_target(recording: RecordingTarget) -> None:
    assert looping(1, label="y") == "the finished run"
    [(how, compiled)] = recording.given
    assert how == "run"
    assert compiled.parameters == {"label": "y"}


def test_submitting_does_not_wait(recording: RecordingTarget) -> None:
    assert looping.submit(1) == "the started run"
    assert [how for how, _ in recording.given] == ["submit"]


def test_a_run_needs_a_value_for_every_parameter(recording: RecordingTarget) -> None:
    with pytest.raises(ParameterError, match="'threshold' has no default and was not given"):
        typed()
    assert recording.given == []


def test_without_a_target_the_error_names_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "_factory", None)
    with pytest.raises(SetupError, match="import lateen"):
        looping(1)


def test_a_module_that_is_loaded_for_its_steps_runs_nothing(
    recording: RecordingTarget, capsys: pytest.CaptureFixture[str]
) -> None:
    with loading():
        assert looping(1) is None
        assert looping.submit(1) is None
    assert recording.given == []
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"lateen: \S*test_pipeline\.py:\d+: the call of looping is left out.*", first
    )
    assert "looping" in second
    looping(1)
    assert len(recording.given) == 1


def test_submitting_in_a_body_is_an_error() -> None:
    @pipeline
    def body() -> None:
        looping.submit(1)

    with pytest.raises(CompileError, match=r"call looping\(\)"):
        body.compile()


# What the body returns


def returned(body: Pipeline[[]]) -> dict[str, Any]:
    return dict(body.compile().spec.outputs)


@step
def split() -> tuple[Annotated[int, "train"], Annotated[int, "test"]]:
    return 1, 2


@step
def notify() -> None: ...


def test_returned_handles_are_outputs_under_their_keys() -> None:
    @pipeline
    def one() -> Any:
        return load()

    @pipeline
    def several() -> Any:
        return load(), split(), [take(1)]

    @pipeline
    def none() -> Any:
        return notify()

    assert returned(one) == {"iris": StepOutput("load", "iris")}
    assert returned(several) == {
        "iris": StepOutput("load", "iris"),
        "train": StepOutput("split", "train"),
        "test": StepOutput("split", "test"),
        "output": StepOutput("take", "output"),
    }
    assert returned(none) == {}


def test_outputs_whose_names_would_be_alike_ask_for_a_dict() -> None:
    @step
    def other() -> Annotated[int, "load_iris"]:
        return 1

    @pipeline
    def body() -> Any:
        return load(), load(), other()

    with pytest.raises(CompileError, match="'load_iris'; return a dict"):
        body.compile()


def test_a_returned_dict_names_the_outputs() -> None:
    @pipeline
    def body() -> Any:
        return {"first": load(), "second": load()}

    assert returned(body) == {
        "first": StepOutput("load", "iris"),
        "second": StepOutput("load-2", "iris"),
    }


def test_outputs_of_one_key_are_told_apart_by_their_steps() -> None:
    @pipeline
    def body() -> Any:
        return load(), load(), take(1)

    assert returned(body) == {
        "load_iris": StepOutput("load", "iris"),
        "load_2_iris": StepOutput("load-2", "iris"),
        "output": StepOutput("take", "output"),
    }


def test_an_output_that_is_returned_twice_is_one() -> None:
    @pipeline
    def body() -> Any:
        made = load()
        return made, made

    assert returned(body) == {"iris": StepOutput("load", "iris")}


@pytest.mark.parametrize("wrong", [3, {"a": 3}, [None, "x"], {1: None}])
def test_a_body_returns_outputs_of_its_steps_alone(wrong: Any) -> None:
    @pipeline
    def body() -> Any:
        load()
        return wrong

    with pytest.raises(CompileError, match=r"test_pipeline\.py:\d+: .*'body' returns"):
        body.compile()


# A pipeline in a pipeline


@pipeline
def inner(data: Any, times: int = 1) -> Any:
    for _ in range(times):
        made = take(data)
    return made


def test_a_pipeline_called_in_a_pipeline_is_inlined_under_its_name() -> None:
    @pipeline
    def outer() -> Any:
        return take(inner(load(), times=2))

    spec = outer.compile().spec
    assert [step.history_name for step in spec.steps] == [
        "load",
        "inner-take",
        "inner-take_2",
        "take",
    ]
    assert [step.name for step in spec.steps] == ["load", "inner-take", "inner-take-2", "take"]
    assert spec.steps[1].inputs["data"] == StepOutput("load", "iris")
    assert spec.steps[3].inputs["data"] == StepOutput("inner-take-2", "output")


def test_inlined_twice_it_gets_two_prefixes_and_nested_a_longer_one() -> None:
    @pipeline
    def middle() -> None:
        inner(1)

    @pipeline
    def outer() -> None:
        middle()
        inner(1)
        inner(2)

    names = [step.history_name for step in outer.compile().spec.steps]
    assert names == ["middle-inner-take", "inner-take", "inner_2-take"]


def test_names_in_after_are_looked_up_in_the_inlined_pipeline_first() -> None:
    @pipeline
    def part() -> None:
        load()
        notify.with_options(after="load")()

    @pipeline
    def outer() -> None:
        load()
        part()
        notify.with_options(after=["load", "part-load"])()

    after = [step.after for step in outer.compile().spec.steps]
    assert after == [(), (), ("part-load",), ("load", "part-load")]


def test_handles_in_after_mean_their_own_step_in_an_inlined_pipeline_too() -> None:
    @pipeline
    def part(first: Any) -> None:
        load()
        notify.with_options(after=first)()

    @pipeline
    def outer() -> None:
        part(load())

    assert outer.compile().spec.steps[2].after == ("load",)


def test_a_parameter_stays_symbolic_through_a_pipeline_that_only_passes_it_on() -> None:
    @pipeline
    def passing(value: Any, label: str = "x") -> None:
        take(value, label)

    @pipeline
    def outer(threshold: float = 0.5) -> None:
        passing(threshold)

    spec = outer.compile().spec
    assert spec.steps[0].inputs == {"data": Parameter("threshold"), "more": Value("x")}


def test_a_parameter_is_baked_in_where_an_inlined_pipeline_uses_it() -> None:
    @pipeline
    def outer(count: int = 2) -> None:
        inner(1, count)

    spec = outer.compile().spec
    assert len(spec.steps) == 2
    assert spec.parameters[0].frozen == 2


def test_a_late_value_that_an_inlined_pipeline_uses_is_an_error() -> None:
    @pipeline
    def outer() -> None:
        inner(1, load())

    with pytest.raises(LateValueError, match="cannot become a number"):
        outer.compile()


def test_arguments_of_an_inlined_pipeline_are_checked() -> None:
    @pipeline
    def outer() -> None:
        inner()

    with pytest.raises(CompileError, match=r"test_pipeline\.py:\d+: inner\(.*without 'data'"):
        outer.compile()


def test_the_model_of_the_outer_pipeline_wins() -> None:
    within = inner.with_options(model=Model("within"))

    @pipeline(model=Model("outer"))
    def outer() -> None:
        within(1)

    spec = outer.compile().spec
    assert spec.model == ModelSpec("outer")
    assert spec.steps[0].model is None


def test_the_model_of_an_inlined_pipeline_holds_where_the_outer_has_none() -> None:
    within = inner.with_options(model=Model("within"))

    @pipeline
    def outer() -> None:
        load()
        within(1)

    assert [step.model for step in outer.compile().spec.steps] == [None, ModelSpec("within")]


def test_cache_and_image_of_an_inlined_pipeline_hold_for_its_steps() -> None:
    within = inner.with_options(enable_cache=False, image="registry.example.com/inner:1")

    @pipeline(image="registry.example.com/outer:1")
    def outer() -> None:
        load()
        within(1)

    first, second = outer.compile().spec.steps
    assert (first.cache, first.image) == (None, None)
    assert (second.cache, second.image) == (False, "registry.example.com/inner:1")


# The context


def test_the_context_of_a_body_has_the_name_and_the_model() -> None:
    seen: list[Any] = []

    @pipeline(name="p", model=Model("iris", version="production"))
    def body() -> None:
        context = get_pipeline_context()
        seen.extend([context.name, context.model.name])
        take(context.model.get_model_artifact("trained_model"))

    step = body.compile().spec.to_json()["steps"][0]
    assert seen == ["p", "iris"]
    assert step["inputs"]["data"] == {"model": {"artifact": "trained_model", "kind": "model"}}


def test_a_pipeline_without_a_model_says_how_it_gets_one() -> None:
    @pipeline
    def body() -> None:
        get_pipeline_context().model

    with pytest.raises(CompileError, match=r"test_pipeline\.py:\d+: .*@pipeline\(model=Model"):
        body.compile()


def test_outside_of_a_body_the_context_names_the_other_one() -> None:
    with pytest.raises(StepContextError, match="get_step_context"):
        get_pipeline_context()
