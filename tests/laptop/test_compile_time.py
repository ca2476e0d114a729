"""Semantics 1 to 11: what a pipeline body says, seen in the history of real runs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Optional

import pytest

from lateen import (
    ArtifactConfig,
    Client,
    ExternalArtifact,
    Model,
    get_pipeline_context,
    get_step_context,
    log_metadata,
    pipeline,
    save_artifact,
    step,
)
from lateen.domain.errors import CompileError, LateValueError, ParameterError

counted: list[str] = []


@step(enable_cache=False)
def load(n: int = 1) -> int:
    return n


@step(enable_cache=False)
def add(a: int, b: int) -> int:
    return a + b


@step(enable_cache=False)
def count(word: str) -> None:
    counted.append(word)


@step(enable_cache=False)
def both(n: int) -> tuple[Annotated[int, "less"], Annotated[int, "more"]]:
    return n - 1, n + 1


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    counted.clear()


# 1. The body


def test_a_body_is_ordinary_python_that_runs_once() -> None:
    bodies = []

    @pipeline
    def looping(size: int = 3, extra: bool = False):
        bodies.append(1)
        total = load(0)
        for n in range(size):
            total = add(total, n)
        if extra:
            total = add(total, 100)
        return total

    run = looping()
    assert run.outputs["output"].data == 3
    assert list(run.steps) == ["load", "add", "add_2", "add_3"]
    assert looping(size=2, extra=True).outputs["output"].data == 101
    assert bodies == [1, 1]


def test_history_keeps_the_python_names_in_the_order_of_the_body() -> None:
    @step
    def split_data() -> int:
        return 1

    @pipeline
    def naming():
        second = add(split_data(), 1)
        split_data()
        load.with_options(name="from_disk")()
        return second

    run = naming()
    assert list(run.steps) == ["split_data", "add", "split_data_2", "from_disk"]
    assert run.steps["split_data"].output.name == "naming::split_data::output"
    assert run.steps["split_data_2"].output.name == "naming::split_data_2::output"


def test_a_repeated_explicit_name_shows_both_lines() -> None:
    @pipeline
    def repeating():
        load.with_options(name="one")()
        load.with_options(name="one")()

    with pytest.raises(CompileError) as caught:
        repeating()
    second, first = map(int, re.findall(r"test_compile_time\.py:(\d+)", str(caught.value)))
    assert second == first + 1
    assert Client().list_pipelines() == []


def test_names_that_collide_in_a_cluster_fail_before_anything_runs() -> None:
    @pipeline
    def colliding():
        load.with_options(name="a_b")()
        load.with_options(name="a.b")()

    with pytest.raises(CompileError, match="'a-b' in the cluster"):
        colliding()
    assert Client().list_pipelines() == []


# 2. Parameters of a pipeline


def test_a_parameter_that_is_passed_on_is_set_by_each_run() -> None:
    @step(enable_cache=False)
    def take(threshold: float) -> float:
        return threshold

    @pipeline
    def passing(threshold: float = 0.5):
        return take(threshold)

    first, second = passing(), passing(threshold=0.75)
    assert first.outputs["output"].data == 0.5
    assert second.outputs["output"].data == 0.75
    assert first.parameters == {"threshold": 0.5}
    assert second.parameters == {"threshold": 0.75}
    assert passing.compile().spec == passing.compile(threshold=0.75).spec


def test_a_parameter_that_the_body_uses_is_baked_in_and_recorded() -> None:
    @pipeline
    def baking(size: int = 2):
        return load(size * 10)

    run = baking(size="3")  # as the command line gives it
    assert run.outputs["output"].data == 30
    assert run.parameters == {"size": 3}
    assert baking.compile().spec != baking.compile(size=3).spec


def test_a_run_needs_every_parameter_and_takes_no_others() -> None:
    @pipeline
    def needing(n: int):
        return load(n)

    with pytest.raises(ParameterError, match="'n' has no default and was not given"):
        needing()
    with pytest.raises(CompileError, match="has no parameter 'm'"):
        needing(m=1)
    assert Client().list_pipelines() == []


# 3. Order


def test_after_orders_steps_without_data() -> None:
    @pipeline
    def ordered():
        third = count.with_options(name="third", after=["second"])("third")
        count.with_options(name="last")("last", after=third)
        first = count("first")
        count.with_options(name="second", after=first)("second")

    run = ordered()
    assert counted == ["first", "second", "third", "last"]
    assert list(run.steps) == ["third", "last", "count", "second"]


def test_after_takes_handles_of_outputs_and_lists() -> None:
    @pipeline
    def ordered():
        less, _ = both(1)
        count("later", after=[less, "now"])
        count.with_options(name="now")("now")

    ordered()
    assert counted == ["now", "later"]


def test_after_a_step_that_does_not_exist_is_answered_with_the_nearest() -> None:
    @pipeline
    def ordered():
        count("a", after="laod")
        load()

    with pytest.raises(CompileError, match=r"no such step in this pipeline; did you mean 'load'"):
        ordered()


# 4. Fan-in


def test_a_list_a_tuple_and_a_dict_of_references_arrive_as_they_are() -> None:
    @step(enable_cache=False)
    def seen(xs: list[int], pair: tuple[int, ...], named: dict[str, Any]) -> str:
        return f"{xs!r} {pair!r} {named!r}"

    @pipeline
    def fan_in():
        one, two = load(1), load(2)
        return seen([one, 7, two], (one, two), {"a": one, "b": [two, "x"]})

    run = fan_in()
    assert run.outputs["output"].data == "[1, 7, 2] (1, 2) {'a': 1, 'b': [2, 'x']}"
    inputs = run.steps["seen"].inputs
    assert [getattr(item, "version", item) for item in inputs["xs"]] == ["1", 7, "1"]
    assert {receipt.path for receipt in run.steps["seen"].receipts if receipt.input == "named"} == {
        "a",
        "b.0",
        "b.1",
    }


def test_a_step_waits_for_every_item_of_a_list() -> None:
    @step(enable_cache=False)
    def total(xs: list[int]) -> int:
        return sum(xs)

    @pipeline
    def fan_in(size: int = 4):
        return total([load(n) for n in range(size)])

    assert fan_in().outputs["output"].data == 6


# 5. Outputs of a pipeline, and pipelines in pipelines


def test_what_a_body_returns_are_the_named_outputs_of_the_run() -> None:
    @pipeline
    def single():
        return load(3)

    @pipeline
    def several():
        less, more = both(5)
        return less, more

    @pipeline
    def named():
        return {"low": both(5)["less"], "loaded": load(9)}

    @pipeline
    def nothing():
        load()

    assert {name: view.data for name, view in single().outputs.items()} == {"output": 3}
    assert {name: view.data for name, view in several().outputs.items()} == {"less": 4, "more": 6}
    assert {name: view.data for name, view in named().outputs.items()} == {"low": 4, "loaded": 9}
    assert dict(nothing().outputs) == {}


def test_a_pipeline_in_a_pipeline_is_inlined_and_the_outer_model_wins() -> None:
    @step(enable_cache=False)
    def model_name() -> str:
        model = get_step_context().model
        return "none" if model is None else model.name

    @pipeline(model=Model("inner_model"))
    def inner(n: int):
        return add(load(n), 1), model_name()

    @pipeline(model=Model("outer_model"))
    def outer():
        total, name = inner(5)
        return {"total": add(total, 10), "model": name}

    run = outer()
    assert list(run.steps) == ["inner-load", "inner-add", "inner-model_name", "add"]
    assert run.outputs["total"].data == 16
    assert run.outputs["model"].data == "outer_model"
    assert [model.name for model in Client().list_models()] == ["outer_model"]
    assert [pipeline.name for pipeline in Client().list_pipelines()] == ["outer"]


def test_the_model_of_an_inlined_pipeline_holds_where_the_outer_has_none() -> None:
    @pipeline(model=Model("inner_model"))
    def inner():
        return load(5)

    @pipeline
    def outer():
        inner()
        load(6)

    outer()
    (made,) = Client().get_model("inner_model").versions
    assert [artifact.name for artifact in made.artifacts] == ["outer::inner-load::output"]


# 6. Late or eager


def test_late_or_eager_is_decided_at_the_call() -> None:
    client = Client()
    save_artifact(1, "number")

    @step(enable_cache=False)
    def put() -> Annotated[int, "number"]:
        return 2

    @pipeline
    def looking():
        made = put()
        now = Client(late=False).get_artifact_version("number")
        late = client.get_artifact_version("number")
        return {
            "pinned": load(now),
            "late": add(late, 0, after=made),
            "known": load.with_options(name="known")(now.data * 10),
        }

    run = looking()
    assert run.outputs["pinned"].data == 1
    assert run.outputs["late"].data == 2
    assert run.outputs["known"].data == 10
    assert client.get_artifact_version("number").data == 2


def test_a_view_from_before_the_body_pins_its_version() -> None:
    first = save_artifact(1, "number")
    save_artifact(2, "number")

    @pipeline
    def pinning():
        return load(first)

    assert pinning().outputs["output"].data == 1
    save_artifact(3, "number")
    assert pinning().outputs["output"].data == 1


def test_a_value_that_the_caller_brings_is_uploaded_once_for_its_content() -> None:
    @pipeline
    def bringing(value: list[int]):
        return load.with_options(name="take")(ExternalArtifact(value=len(value)))

    first, second = bringing([1, 2]), bringing([3, 4])
    assert first.outputs["output"].data == 2
    assert first.steps["take"].inputs["n"].id == second.steps["take"].inputs["n"].id


# 7. What references refuse


def refusal(body: Any) -> str:
    """What a body is told that uses the reference it is given."""

    @pipeline
    def using():
        body(load())

    with pytest.raises(LateValueError) as caught:
        using()
    assert "test_compile_time.py:" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (lambda x: 1 if x else 2, "no truth value"),
        (len, "no length"),
        (list, "cannot be iterated over"),
        (lambda x: x + 1, "cannot be calculated with"),
        (lambda x: f"{x:.2f}", "cannot be put into a text"),
        (lambda x: x.predict(1), "has no attribute 'predict'"),
        (lambda x: x(1), "cannot be called"),
        (float, "cannot become a number"),
        (lambda x: x.load(), "arrives there as the loaded value"),
    ],
)
def test_a_reference_refuses_what_needs_the_value_and_says_what_to_do(use: Any, told: str) -> None:
    found = refusal(use)
    assert told in found
    assert "pass it to a step" in found


def test_a_reference_is_passed_on_printed_and_asked_for_what_is_late_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @step(enable_cache=False)
    def scored() -> Annotated[int, "scored"]:
        log_metadata({"scores": {"f1": 0.5}}, infer_artifact=True)
        return 3

    @step(enable_cache=False)
    def told(f1: float, version: str, digest: str, uri: str) -> str:
        return f"{f1} {version} {digest[:7]} {uri}"

    @pipeline
    def asking():
        made = scored()
        print(made)
        f1 = made.run_metadata["scores"]["f1"].value
        return told(f1, made.version, made.digest, made.uri)

    run = asking()
    assert run.outputs["output"].data == "0.5 1 sha256: lateen://artifacts/scored/1"
    assert "of the step 'scored'" in capsys.readouterr().out


# 8. Placeholders


def test_placeholders_are_utc_and_fixed_once_for_the_run() -> None:
    @step(enable_cache=False)
    def early() -> Annotated[int, "early_{date}_{time}"]:
        return 1

    @step(enable_cache=False)
    def late(n: int) -> Annotated[int, "late_{date}_{time}"]:
        return n

    @pipeline
    def timed():
        late(early())

    run = timed()
    names = [run.steps[0].outputs[0].name, run.steps[1].outputs[0].name]
    moment = datetime.strptime(names[0], "early_%Y_%m_%d_%H_%M_%S_%f").replace(tzinfo=UTC)
    assert moment == run.created
    assert names[1].removeprefix("late_") == names[0].removeprefix("early_")


def test_an_unknown_placeholder_fails_before_anything_runs() -> None:
    @step
    def put() -> Annotated[int, "report_{tiem}"]:
        counted.append("ran")
        return 1

    @pipeline
    def timed():
        put()

    with pytest.raises(CompileError, match=r"unknown placeholder \{tiem\}; there are \{date\}"):
        timed()
    assert counted == []
    assert Client().list_pipelines() == []


# 9. How many outputs there are


def keys(function: Any) -> dict[str, Any]:
    """What a step made of the function puts out."""

    @pipeline(enable_cache=False)
    def putting():
        step(function)()

    return {key: view.data for key, view in putting().steps[0].outputs.items()}


def test_several_outputs_are_declared_or_read_off_the_returns() -> None:
    def declared() -> tuple[Annotated[int, "a"], Annotated[str, "b"]]:
        return 1, "x"

    def partly() -> tuple[int, Annotated[str, "b"]]:
        return 1, "x"

    def returned():
        return 1, "x"

    def in_parentheses():
        return (1, "x")

    assert keys(declared) == {"a": 1, "b": "x"}
    assert keys(partly) == {"output_0": 1, "b": "x"}
    assert keys(returned) == keys(in_parentheses) == {"output_0": 1, "output_1": "x"}


def test_one_output_is_one_though_it_is_a_tuple() -> None:
    def some_tuple():
        pair = (1, "x")
        return pair

    def plain() -> tuple:
        return 1, "x"

    def endless() -> tuple[int, ...]:
        return 1, 2

    assert keys(some_tuple) == keys(plain) == {"output": (1, "x")}
    assert keys(endless) == {"output": (1, 2)}


def test_no_output_and_none_are_told_apart() -> None:
    def nothing() -> None:
        pass

    def perhaps() -> Optional[int]:  # noqa: UP045 - as people write it
        return None

    assert keys(nothing) == {}
    assert keys(perhaps) == {"output": None}


def test_mixed_returns_and_unpacking_a_single_output_fail_at_compile() -> None:
    def mixed(flag: bool = True):
        if flag:
            return 1, 2
        return 3

    with pytest.raises(CompileError, match="return"):
        keys(mixed)

    @pipeline
    def unpacking():
        _a, _b = load()

    with pytest.raises(LateValueError, match="annotate its result as"):
        unpacking()


# 10. Defaults


def test_a_call_beats_with_options_and_with_options_beats_the_default() -> None:
    @pipeline
    def defaulting():
        changed = load.with_options(parameters={"n": 2})
        return {"default": load(), "options": changed(), "call": changed(3)}

    run = defaulting()
    assert {name: view.data for name, view in run.outputs.items()} == {
        "default": 1,
        "options": 2,
        "call": 3,
    }
    assert run.steps["load"].inputs["n"] == 1


def test_a_default_is_part_of_the_cache_key() -> None:
    def made(default: int) -> Any:
        @step
        def put(n: int = default) -> int:
            return 0

        @pipeline
        def putting():
            put()

        return putting()

    assert [made(n).steps["put"].cached for n in (1, 1, 2)] == [False, True, False]


def test_a_default_that_is_not_json_fails_at_compile() -> None:
    @step
    def put(n: object = object()) -> int:
        return 0

    @pipeline
    def putting():
        put()

    with pytest.raises(CompileError, match=r"default of 'n'.*ExternalArtifact"):
        putting()


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_no_catalog_holds_is_refused_where_it_is_passed(text: str) -> None:
    @step
    def put(text: str) -> int:
        return 0

    @pipeline
    def passing(text: str):
        put(text)

    @pipeline
    def writing():
        put(text)

    with pytest.raises(ParameterError, match="the parameter 'text' is a string"):
        passing(text)
    with pytest.raises(CompileError, match="JSON cannot hold"):
        writing()


# 11. Names of artifacts


def test_an_unnamed_output_is_named_after_its_pipeline_and_a_named_one_is_the_workspaces() -> None:
    @step(enable_cache=False)
    def put() -> tuple[Annotated[int, "shared"], int]:
        return 1, 2

    @step(enable_cache=False)
    def configured() -> Annotated[int, ArtifactConfig(name="configured_name")]:
        return 3

    @pipeline
    def first():
        put()
        configured()

    @pipeline(name="second-one")
    def second():
        put()

    first()
    run = second()
    assert [artifact.name for artifact in Client().list_artifacts()] == [
        "configured_name",
        "first::put::output_1",
        "second-one::put::output_1",
        "shared",
    ]
    assert [view.number for view in run.steps["put"].outputs.values()] == [2, 1]


def test_the_context_of_a_body_is_that_of_its_pipeline() -> None:
    seen = []

    @pipeline(model=Model("m"))
    def asking():
        seen.append(get_pipeline_context().name)
        load()

    asking()
    assert seen == ["asking"]
