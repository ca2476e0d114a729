# ruff: noqa: UP006, UP007, UP035, UP045, RUF036, PLC3002  (the older spellings are tested as well)
from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn, Optional, Tuple, Union

import pytest

from lateen.authoring.annotations import (
    ArtifactConfig,
    DeclaredOutput,
    check_placeholders,
    declared_outputs,
    input_annotations,
    is_multiple,
)
from lateen.domain.errors import CompileError

if TYPE_CHECKING:
    import missing_library as ml
    from missing_library import Missing

A = list[int]
Undecorated = Callable[..., Any]


class Pair(NamedTuple):
    left: int
    right: int


class Field:
    """What another library puts into Annotated."""


def keys(function: Undecorated) -> list[str]:
    return [output.key for output in declared_outputs(function)]


def types_of(function: Undecorated) -> list[Any]:
    return [output.annotation for output in declared_outputs(function)]


def only(function: Undecorated) -> DeclaredOutput:
    (output,) = declared_outputs(function)
    assert not is_multiple(function)
    return output


def error_of(function: Undecorated) -> str:
    with pytest.raises(CompileError) as caught:
        declared_outputs(function)
    return str(caught.value)


def line_of(function: Undecorated, offset: int) -> str:
    return f"test_annotations.py:{function.__code__.co_firstlineno + offset}"


# One output


def test_an_unnamed_output_is_called_output() -> None:
    def step() -> int:
        return 1

    assert only(step) == DeclaredOutput("output", int)


def test_a_name_in_annotated_is_key_and_artifact() -> None:
    def step() -> Annotated[A, "iris"]:
        return []

    assert only(step) == DeclaredOutput("iris", A, artifact="iris")


def test_a_template_is_the_key_as_written() -> None:
    def step() -> Annotated[int, "data_{date}_{time}"]:
        return 1

    assert only(step).key == only(step).artifact == "data_{date}_{time}"


def test_pickle_is_allowed_by_the_output_that_asks_for_it() -> None:
    def step() -> tuple[
        Annotated[object, ArtifactConfig("a", allow_pickle=True)], Annotated[int, "b"]
    ]: ...

    assert [output.allow_pickle for output in declared_outputs(step)] == [True, False]


def test_a_configuration_says_how_the_artifact_is_published() -> None:
    class Kind(Enum):
        MODEL = "model"

    config = ArtifactConfig(
        name="x", version=4, tags=["a", "b"], run_metadata={"k": 1}, artifact_type=Kind.MODEL
    )

    def step() -> int:
        return 1

    step.__annotations__["return"] = Annotated[int, config]
    assert only(step) == DeclaredOutput(
        "x", int, artifact="x", version="4", tags=("a", "b"), metadata={"k": 1}, kind="model"
    )


def test_a_name_and_a_configuration_may_stand_together() -> None:
    def step() -> Annotated[int, "x", ArtifactConfig(version="1")]:
        return 1

    assert only(step) == DeclaredOutput("x", int, artifact="x", version="1")


def test_a_configuration_without_a_name_leaves_the_output_unnamed() -> None:
    def step() -> Annotated[int, ArtifactConfig(tags=["a"])]:
        return 1

    assert only(step) == DeclaredOutput("output", int, tags=("a",))


def test_what_other_libraries_put_into_annotated_is_not_a_name() -> None:
    def step() -> Annotated[int, Field()]:
        return 1

    assert only(step) == DeclaredOutput("output", int)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Optional[int], Optional[int]),
        (Annotated[Optional[int], "x"], Optional[int]),
        (tuple, tuple),
        (Tuple, Tuple),
        (tuple[int, ...], tuple[int, ...]),
        (tuple[()], tuple[()]),
        (Annotated[tuple[int, int], "x"], tuple[int, int]),
        (Pair, Pair),
        (list[Annotated[int, Field()]], list[int]),
        (Any, Any),
    ],
)
def test_these_annotations_are_one_output(annotation: Any, expected: Any) -> None:
    def step():  # type: ignore[no-untyped-def]
        return 1, 2

    step.__annotations__["return"] = annotation
    assert only(step).annotation == expected


def test_conflicting_names_are_an_error() -> None:
    def twice() -> Annotated[int, "x", "y"]:
        return 1

    def both() -> Annotated[int, "x", ArtifactConfig(name="y")]:
        return 1

    def configured() -> Annotated[int, ArtifactConfig(), ArtifactConfig()]:
        return 1

    assert "'x', 'y'" in error_of(twice)
    assert "annotated twice" in error_of(both)
    assert "annotated twice" in error_of(configured)


def test_a_name_inside_of_another_type_is_an_error() -> None:
    def optional() -> Optional[Annotated[int, "x"]]:
        return 1

    def items() -> Annotated[list[Annotated[int, "x"]], "y"]:
        return []

    assert "'x' stands inside" in error_of(optional)
    assert "'x' stands inside" in error_of(items)


def test_tags_that_are_a_string_are_an_error() -> None:
    with pytest.raises(CompileError, match="tags"):
        ArtifactConfig(tags="tag")


def test_a_configuration_can_be_hashed_copied_and_pickled() -> None:
    config = ArtifactConfig(name="x", tags=["a"], run_metadata={"k": [1]})
    assert hash(config) == hash(ArtifactConfig(name="x", tags=["a"], run_metadata={"k": [1]}))
    assert copy.deepcopy(config) == pickle.loads(pickle.dumps(config)) == config


# None


def test_none_and_never_returning_are_no_output() -> None:
    def nothing() -> None:
        return None

    def never() -> NoReturn:
        raise RuntimeError

    assert declared_outputs(nothing) == declared_outputs(never) == ()


def test_without_annotation_a_function_that_returns_nothing_has_no_output() -> None:
    def silent():  # type: ignore[no-untyped-def]
        def inner() -> int:
            return 1

        list(map(lambda: 1, inner()))

    def bare(x):  # type: ignore[no-untyped-def]
        if x:
            return
        return None

    assert declared_outputs(silent) == declared_outputs(bare) == ()
    assert not is_multiple(silent)


def test_without_annotation_a_function_that_returns_something_has_one_output() -> None:
    def step(x):  # type: ignore[no-untyped-def]
        if x:
            return None
        return 1

    assert only(step) == DeclaredOutput("output", Any)


# Several outputs


def test_a_tuple_with_an_annotated_element_is_several() -> None:
    def both() -> Tuple[Annotated[int, "a"], Annotated[str, "b"]]:
        return 1, "x"

    def one(pair: tuple[int, str]) -> tuple[int, Annotated[str, "b"]]:
        return pair

    assert keys(both) == ["a", "b"]
    assert types_of(both) == [int, str]
    assert keys(one) == ["output_0", "b"]
    assert is_multiple(both)
    assert is_multiple(one)


def test_a_tuple_of_one_annotated_element_is_split() -> None:
    def step() -> tuple[Annotated[int, "a"]]:
        return (1,)

    assert keys(step) == ["a"]
    assert is_multiple(step)


def test_without_annotated_the_return_statements_decide() -> None:
    def shown(x: int) -> tuple[int, str]:
        if x:
            return 1, "x"
        return (2, "y")

    def hidden() -> tuple[int, str]:
        pair = 1, "x"
        return pair

    assert keys(shown) == ["output_0", "output_1"]
    assert types_of(shown) == [int, str]
    assert is_multiple(shown)
    assert types_of(hidden) == [tuple[int, str]]
    assert not is_multiple(hidden)


def test_without_annotation_the_return_statements_decide() -> None:
    def shown():  # type: ignore[no-untyped-def]
        return 1, 2, 3

    def starred(x):  # type: ignore[no-untyped-def]
        return *x, 1

    def lonely(x):  # type: ignore[no-untyped-def]
        return (x,)

    assert keys(shown) == ["output_0", "output_1", "output_2"]
    assert types_of(shown) == [Any, Any, Any]
    assert keys(starred) == keys(lonely) == ["output"]


def test_returns_of_nested_functions_and_lambdas_are_not_counted() -> None:
    def step() -> tuple[int, int]:
        def inner() -> int:
            return 1

        return inner(), (lambda: 2)()

    assert keys(step) == ["output_0", "output_1"]


def test_a_lambda_returns_its_expression() -> None:
    assert keys(lambda: (1, 2)) == ["output_0", "output_1"]


def test_mixed_returns_are_an_error_that_shows_both_lines() -> None:
    def step(x):  # type: ignore[no-untyped-def]
        if x:
            return x
        return 1, 2

    def annotated(x: int) -> tuple[int, int]:
        if x:
            return 1, 2
        pair = 1, 2
        return pair

    assert error_of(step).count("test_annotations.py") == 2
    assert f"{line_of(step, 3)}: " in error_of(step)
    assert line_of(step, 2) in error_of(step)
    assert line_of(annotated, 2) in error_of(annotated)
    assert line_of(annotated, 4) in error_of(annotated)
    with pytest.raises(CompileError):
        is_multiple(step)


def test_a_return_of_another_length_is_an_error_that_shows_its_line() -> None:
    def short(x: int) -> tuple[Annotated[int, "a"], int]:
        if x:
            return 1, 2
        return (1,)  # type: ignore[return-value]

    def unannotated(x):  # type: ignore[no-untyped-def]
        if x:
            return 1, 2
        return 1, 2, 3

    def nothing() -> tuple[Annotated[int, "a"], int]:
        return  # type: ignore[return-value]

    def shown() -> tuple[int, int]:
        return 1, 2, 3  # type: ignore[return-value]

    assert f"{line_of(short, 3)}: " in error_of(short)
    assert "has 2 outputs, but this returns 1 value;" in error_of(short)
    assert f"{line_of(unannotated, 3)}: " in error_of(unannotated)
    assert "this returns 1 value" in error_of(nothing)
    assert "has 2 outputs, but this returns 3 values" in error_of(shown)


def test_a_length_that_cannot_be_read_is_left_to_the_step() -> None:
    def step(x: list[int]) -> tuple[Annotated[int, "a"], int]:
        if x:
            return *x, 1  # type: ignore[return-value]
        return tuple(x)  # type: ignore[return-value]

    assert keys(step) == ["a", "output_1"]


def test_two_outputs_of_one_name_are_an_error() -> None:
    def step() -> tuple[Annotated[int, "a"], Annotated[int, "a"]]:
        return 1, 2

    def automatic() -> tuple[Annotated[int, "output_1"], int]:
        return 1, 2

    assert "2 outputs named 'a'" in error_of(step)
    assert "2 outputs named 'output_1'" in error_of(automatic)


def test_without_source_the_annotation_decides() -> None:
    namespace: dict[str, Any] = {}
    exec("def pair() -> tuple[int, str]: ...\ndef bare(): ...", namespace)
    assert keys(namespace["pair"]) == ["output_0", "output_1"]
    assert only(namespace["bare"]) == DeclaredOutput("output", Any)


# Functions that cannot be steps


def test_generators_and_async_functions_are_errors() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    async def waits() -> int:
        return 1

    async def both() -> AsyncIterator[int]:
        yield 1

    assert "is a generator" in error_of(numbers)
    assert "is a generator" in error_of(both)
    assert "is an async function" in error_of(waits)


def test_an_inner_generator_is_none_of_the_steps() -> None:
    def step() -> int:
        return sum(x for x in (yields() for _ in range(1)))

    def yields() -> int:
        return 1

    assert keys(step) == ["output"]


# Placeholders


def test_known_placeholders_are_found() -> None:
    assert check_placeholders("a_{date}_{time}") == ("date", "time")
    assert check_placeholders("a") == ()


@pytest.mark.parametrize("template", ["a_{year}", "{}", "{0}", "{date.year}", "{a{b}"])
def test_unknown_placeholders_are_errors_that_name_the_known_ones(template: str) -> None:
    with pytest.raises(CompileError, match=r"\{date\} and \{time\}"):
        check_placeholders(template)


def test_an_unknown_placeholder_fails_where_the_step_is_defined() -> None:
    def step() -> Annotated[int, "data_{year}"]:
        return 1

    assert f"{line_of(step, 0)}: " in error_of(step)
    assert "{year}" in error_of(step)


# Annotations as text


def test_names_that_only_type_checkers_see_are_any_and_keep_the_output() -> None:
    def dotted() -> Annotated[ml.deep.Frame[int], "iris"]:
        return 1

    def several() -> tuple[Annotated[Missing | None, "a"], Annotated[None | Missing, "b"], int]:
        return 1, 2, 3

    def nested() -> Annotated[list[Optional[Missing]], "x"]:
        return []

    assert only(dotted) == DeclaredOutput("iris", Any, artifact="iris")
    assert keys(several) == ["a", "b", "output_2"]
    assert types_of(several) == [Any, Any, int]
    assert only(nested).annotation is Any


def test_annotated_itself_may_be_for_type_checkers_only() -> None:
    namespace: dict[str, Any] = {}
    text = "def step() -> 'Annotated[int, ArtifactConfig(name=\"x\")]': ..."
    exec(text, namespace)
    assert only(namespace["step"]) == DeclaredOutput("x", int, artifact="x")


def test_a_configuration_that_cannot_be_seen_at_run_time_is_an_error() -> None:
    config = ArtifactConfig(name="x")

    def step() -> Annotated[int, config]:
        return 1

    assert config.name == "x"
    assert "outside of TYPE_CHECKING" in error_of(step)


def test_strings_inside_of_annotations_are_evaluated() -> None:
    namespace: dict[str, Any] = {"Annotated": Annotated, "Pair": Pair}
    exec("def step(a: list['Pair']) -> Annotated['Pair', 'x']: ...", namespace)
    assert only(namespace["step"]) == DeclaredOutput("x", Pair, artifact="x")
    assert input_annotations(namespace["step"]) == {"a": list[Pair]}


def test_names_of_the_function_around_are_seen() -> None:
    class Local: ...

    def step(a: Local) -> Annotated[Local, "x"]:
        return Local()

    assert only(step).annotation is Local
    assert input_annotations(step) == {"a": Local}


def test_a_return_annotation_that_fails_is_an_error() -> None:
    def step() -> Annotated[Pair.nothing, "x"]:  # type: ignore[name-defined]
        return 1

    assert "cannot be evaluated" in error_of(step)
    assert "nothing" in error_of(step)


def test_the_function_inside_of_a_decorator_is_what_counts() -> None:
    import functools

    def step(a: int) -> tuple[int, int]:
        return 1, 2

    @functools.wraps(step)
    def wrapper(*args: Any) -> Any:
        return step(*args)

    assert keys(wrapper) == ["output_0", "output_1"]
    assert input_annotations(wrapper) == {"a": int}


# Inputs


def test_inputs_have_their_types_without_annotated() -> None:
    def step(
        a: Annotated[int, Field()],
        b,  # type: ignore[no-untyped-def]
        *rest: str,
        c: list[Annotated[int, Field()]],
        d: Optional[int] = None,
        e: Union[int, str] = 1,
        **options: float,
    ) -> None: ...

    assert input_annotations(step) == {
        "a": int,
        "b": Any,
        "rest": str,
        "c": list[int],
        "d": Optional[int],
        "e": Union[int, str],
        "options": float,
    }


def test_a_default_of_none_makes_an_input_optional() -> None:
    def step(a: int = None, b=None): ...  # type: ignore[assignment,no-untyped-def]  # noqa: RUF013

    assert input_annotations(step) == {"a": Optional[int], "b": Any}


def test_an_input_whose_annotation_cannot_be_evaluated_is_any() -> None:
    def step(a: Missing, b: Pair.nothing, c: "the data", d: int) -> None: ...  # type: ignore # noqa

    assert input_annotations(step) == {"a": Any, "b": Any, "c": Any, "d": int}
