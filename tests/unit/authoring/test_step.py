"""What a step is outside of pipelines, and what can be one."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from typing import Annotated, Any

import pytest

from lateen import ArtifactConfig, Model, Resources, Retry, WorkDir
from lateen.authoring.pipeline import pipeline
from lateen.authoring.step import Step, step
from lateen.domain import spec
from lateen.domain.errors import CompileError, ParameterError


class Saver:
    """Stands for a materializer's class."""


@step
def double(number: int, times: int = 2) -> Annotated[int, "doubled"]:
    """Multiply a number."""
    return number * times


@step
def pair() -> tuple[Annotated[int, "left"], Annotated[int, "right"]]:
    return 1, 2


def compiled_step(called: Step[[], Any]) -> spec.StepSpec:
    @pipeline
    def body() -> None:
        called()

    return body.compile().spec.steps[0]


def test_a_step_called_outside_a_pipeline_is_the_plain_function() -> None:
    assert double(4) == 8
    assert double(number=4, times=3) == 12


def test_a_step_keeps_name_docstring_and_signature_of_its_function() -> None:
    assert double.__name__ == "double"
    assert double.__doc__ == "Multiply a number."
    assert list(inspect.signature(double).parameters) == ["number", "times"]
    assert double.__wrapped__ is double.function
    assert repr(double) == f"<step 'double' of {__name__}>"


def test_the_definition_says_what_running_a_step_takes() -> None:
    definition = pair.definition
    assert definition.name == "pair"
    assert definition.multiple
    assert [output.key for output in definition.outputs] == ["left", "right"]
    assert definition.entrypoint == f"{__name__}:pair"
    assert double.definition.annotations == {"number": int, "times": int}


def test_all_options_reach_the_compiled_step() -> None:
    configured = pair.with_options(
        name="couple",
        enable_cache=False,
        image="registry.example.com/iris:1.4",
        resources=Resources(cpu=0.5, memory="1Gi", gpu=1),
        retry=Retry(limit=2, backoff="10s", factor=3, max_backoff=timedelta(minutes=5)),
        timeout="1h30m",
        start_timeout=90,
        work_dir=WorkDir("10Gi", medium="Memory"),
        tolerate_oom=True,
        env={"THREADS": "4"},
        env_from=["warehouse-credentials"],
        pod_template={"spec": {"nodeSelector": {"pool": "gpu"}}},
        model=Model("iris", version="staging"),
    )
    placed = compiled_step(configured)
    assert placed.history_name == "couple"
    assert placed.cache is False
    assert placed.image == "registry.example.com/iris:1.4"
    assert placed.resources == spec.Resources("0.5", "1Gi", 1)
    assert placed.retry == spec.Retry(2, 10.0, 3.0, 300.0)
    assert placed.timeout == 5400
    assert placed.start_timeout == 90
    assert placed.work_dir == spec.WorkDir("10Gi", "Memory")
    assert placed.tolerate_oom
    assert placed.env == {"THREADS": "4"}
    assert placed.env_from == ("warehouse-credentials",)
    assert placed.pod_template == {"spec": {"nodeSelector": {"pool": "gpu"}}}
    assert placed.model == spec.ModelSpec("iris", "staging")


def test_options_of_the_decorator_are_those_of_with_options() -> None:
    @step(name="loader", enable_cache=False)
    def load() -> None: ...

    placed = compiled_step(load)
    assert (placed.history_name, placed.cache) == ("loader", False)


def test_with_options_leaves_the_step_itself_alone() -> None:
    pair.with_options(enable_cache=False)
    assert compiled_step(pair).cache is None


def test_an_unknown_option_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(CompileError, match=r"test_step\.py:\d+.*'cache'.*'enable_cache'"):
        pair.with_options(cache=True)
    with pytest.raises(CompileError, match=r"test_step\.py:\d+: @step has no option 'nme'"):
        step(nme="x")


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("name", 3, "name=3"),
        ("enable_cache", "no", "enable_cache='no'"),
        ("retry", 3, r"Retry\(limit=2"),
        ("resources", "1Gi", r"Resources\(cpu=2"),
        ("model", "iris", r"Model\('iris'\)"),
        ("env", {"A": 1}, "'A'"),
        ("env", "A=1", "dict"),
    ],
)
def test_an_option_of_the_wrong_type_says_how_it_is_written(
    option: str, value: object, told: str
) -> None:
    options: Any = {option: value}
    with pytest.raises(CompileError, match=told):
        pair.with_options(**options)


def test_a_duration_that_is_none_says_how_it_is_written() -> None:
    with pytest.raises(ParameterError, match="1h30m"):
        pair.with_options(timeout="soon")


@pytest.mark.parametrize(
    "wrong",
    [{"cpu": "much"}, {"memory": "4 Gi"}, {"gpu": 0.5}, {"gpu": -1}, {"gpu": True}],
)
def test_resources_that_are_no_quantities_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Resources(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"limit": -1}, {"limit": True}, {"factor": 0.5}, {"backoff": "x"}]
)
def test_a_retry_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Retry(**wrong)


@pytest.mark.parametrize("written", [Saver, [Saver, Saver], {"left": Saver, "right": Saver}])
def test_materializers_are_one_class_one_for_each_output_or_a_dict(written: Any) -> None:
    placed = compiled_step(pair.with_options(output_materializers=written))
    assert [output.materializer for output in placed.outputs] == [f"{__name__}:Saver"] * 2


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([Saver], "1 classes for 2 outputs"),
        ({"lft": Saver}, "'lft'.*did you mean 'left'"),
        ({"left": "Saver"}, "takes classes"),
    ],
)
def test_materializers_that_fit_no_output_are_refused(written: Any, told: str) -> None:
    with pytest.raises(CompileError, match=told):
        compiled_step(pair.with_options(output_materializers=written))


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ("my data", "'my_data'"),
        ("day_{day}", "{day}"),
        (ArtifactConfig(version=3), "'v3'"),
        (ArtifactConfig(version="latest"), "reserved"),
        (ArtifactConfig(version="Production"), "reserved"),
        (ArtifactConfig(artifact_type="modl"), "did you mean 'model'"),
        (ArtifactConfig(run_metadata={"a": {1}}), "not JSON"),
        (ArtifactConfig(tags=[3]), "tags are strings"),
    ],
)
def test_an_output_that_cannot_be_published_fails_at_compile(annotation: Any, told: str) -> None:
    def load() -> Any: ...

    load.__annotations__["return"] = Annotated[int, annotation]
    with pytest.raises(CompileError, match=rf"test_step\.py:\d+: .*{re.escape(told)}"):
        compiled_step(step(load))


def test_an_output_reaches_the_compiled_step_whole() -> None:
    def load() -> Any: ...

    config = ArtifactConfig("raw_{date}", "1.0", ["t"], {"rows": 3}, "data")
    load.__annotations__["return"] = Annotated[int, config]
    assert compiled_step(step(load)).outputs == (
        spec.OutputSpec(
            "raw_{date}", "raw_{date}", "1.0", "data", tags=("t",), metadata={"rows": 3}
        ),
    )


def test_a_class_cannot_be_a_step() -> None:
    with pytest.raises(CompileError, match=r"test_step\.py:\d+.*Saver is a class"):
        step(Saver)


def test_a_method_cannot_be_a_step() -> None:
    def decorated() -> None:
        class Loader:
            @step
            def load(self) -> None: ...

    with pytest.raises(CompileError, match=r"test_step\.py:\d+.*Loader.load is a method"):
        decorated()


def test_a_static_method_cannot_be_a_step() -> None:
    with pytest.raises(CompileError, match="not for methods"):
        step(staticmethod(len))


def test_an_async_function_cannot_be_a_step() -> None:
    async def load() -> None: ...

    with pytest.raises(CompileError, match=r"test_step\.py:\d+.*asyncio\.run"):
        step(load)


def test_a_generator_cannot_be_a_step() -> None:
    def load() -> Any:
        yield 1

    with pytest.raises(CompileError, match="return a list"):
        step(load)


def test_the_decorator_says_how_options_are_given() -> None:
    with pytest.raises(CompileError, match=r"@step\(name='load'\)"):
        step("load")


def test_a_step_is_decorated_once() -> None:
    with pytest.raises(CompileError, match="not for Step: <step 'pair'"):
        step(pair)


def test_parameters_that_have_no_name_of_their_own_are_refused() -> None:
    def many(*numbers: int) -> None: ...
    def any_of(**options: int) -> None: ...
    def by_position(number: int, /) -> None: ...
    def ordered(after: int) -> None: ...

    for function, told in (
        (many, r"'numbers'.*\*numbers.*list"),
        (any_of, r"\*\*options"),
        (by_position, "drop the `/`"),
        (ordered, "after="),
    ):
        with pytest.raises(CompileError, match=rf"test_step\.py:\d+.*{told}"):
            step(function)


def test_a_lambda_needs_a_name() -> None:
    nameless = step(lambda: 1)
    with pytest.raises(CompileError, match=r"'<lambda>'.*name="):
        compiled_step(nameless)
    assert compiled_step(nameless.with_options(name="one")).history_name == "one"


def test_a_work_directory_has_a_size_and_lies_in_memory_or_on_the_disk() -> None:
    assert WorkDir(10 << 30).spec == spec.WorkDir("10737418240")
    with pytest.raises(ParameterError, match="size='plenty' is no quantity"):
        WorkDir("plenty")
    with pytest.raises(ParameterError, match="medium='disk': it is 'Memory', or not given"):
        WorkDir(medium="disk")


def test_secrets_are_given_as_a_list_of_names() -> None:
    with pytest.raises(CompileError, match=re.escape("write it like env_from=['credentials']")):
        double.with_options(env_from="credentials")  # type: ignore[arg-type]
