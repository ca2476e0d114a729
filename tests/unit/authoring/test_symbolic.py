# ruff: noqa: PLR1704, SIM105, PLC3002  (the bodies are tested as people write them)
from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest

from lateen.authoring.symbolic import symbolic_parameters


class Step:
    """Looks like a step to these tests."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def with_options(self, **options: Any) -> Step:
        return self

    def submit(self, *args: Any) -> Any: ...


train = Step()
predict = Step()
steps = types.SimpleNamespace(train=train)
module = types.ModuleType("module_of_steps")
vars(module)["train"] = train


def helper(*args: Any, **kwargs: Any) -> Any: ...


def symbolic(body: Callable[..., Any]) -> set[str]:
    return set(symbolic_parameters(body, lambda thing: isinstance(thing, Step)))


def test_a_parameter_that_is_passed_on_whole_is_symbolic() -> None:
    def body(a: int, b: int, *, c: int) -> None:
        train(a)
        train(x=b)
        train(1, c)
        train(predict(a), x=predict(c))

    assert symbolic(body) == {"a", "b", "c"}


def test_a_parameter_that_nothing_uses_is_symbolic() -> None:
    def body(a: int) -> None:
        train()

    assert symbolic(body) == {"a"}


def test_one_other_use_bakes_a_parameter_and_only_that_one() -> None:
    def body(a: int, b: int) -> None:
        train(a, b)
        if a > 1:
            train(b)

    assert symbolic(body) == {"b"}


def test_steps_behind_options_and_dots_are_steps() -> None:
    def body(a: int, b: int, c: int, d: int) -> None:
        train.with_options(name="x")(a)
        train.with_options(name="x").with_options(after=[])(b)
        steps.train(c)
        module.train.with_options()(d)

    assert symbolic(body) == {"a", "b", "c", "d"}


def test_steps_of_a_closure_are_steps() -> None:
    local = Step()

    def body(a: int) -> None:
        local(a)

    assert symbolic(body) == {"a"}


def test_a_simple_local_name_of_a_step_is_a_step() -> None:
    def body(a: int, b: int, c: int) -> None:
        first = train.with_options(name="first")
        second = first
        third: Step = train
        first(a)
        second(b)
        third(c)

    assert symbolic(body) == {"a", "b", "c"}


def test_calls_inside_of_loops_and_comprehensions_pass_on() -> None:
    def body(a: int, b: int) -> None:
        for each in range(3):
            train(a, each)
        [train(b, each) for each in range(3)]

    assert symbolic(body) == {"a", "b"}


def baked_in_arithmetic(a: int) -> None:
    train(a + 1)


def baked_in_a_comparison(a: int) -> None:
    train(a == 1)


def baked_in_an_f_string(a: int) -> None:
    train(f"{a}")


def baked_in_a_condition(a: int) -> None:
    train(1 if a else 2)


def baked_in_a_loop(a: int) -> None:
    for each in a:  # type: ignore[attr-defined]
        train(each)


def baked_in_a_list(a: int) -> None:
    train([a])


def baked_in_a_dict(a: int) -> None:
    train({"a": a})


def baked_with_a_star(a: Any) -> None:
    train(*a)


def baked_with_two_stars(a: Any) -> None:
    train(**a)


def baked_by_an_attribute(a: Any) -> None:
    train(a.b)


def baked_by_an_index(a: Any) -> None:
    train(a[0])


def baked_by_an_alias(a: int) -> None:
    b = a
    train(b)


def baked_by_a_call_of_a_function(a: int) -> None:
    train(a)
    helper(a)


def baked_by_print(a: int) -> None:
    print(a)


def baked_by_another_method_of_a_step(a: int) -> None:
    train.submit(a)


def baked_by_options(a: Any) -> None:
    train.with_options(name=a)()


def baked_by_after(a: Any) -> None:
    train(after=a)


def baked_when_it_is_the_step(a: Any) -> None:
    a(1)


def baked_by_assignment(a: int) -> None:
    a = 2
    train(a)


def baked_by_augmented_assignment(a: int) -> None:
    a += 2
    train(a)


def baked_by_a_loop_variable(a: int) -> None:
    for a in range(3):
        train(a)


def baked_by_a_walrus(a: int) -> None:
    train(a)
    train(a := 3)


def baked_by_an_import(a: Any) -> None:
    import json as a

    train(a)


def baked_by_an_exception(a: Any) -> None:
    try:
        train(a)
    except ValueError as a:
        pass


def baked_by_del(a: int) -> None:
    train(a)
    del a


def baked_by_return(a: int) -> int:
    train(a)
    return a


def baked_by_a_nested_function(a: int) -> None:
    def inner() -> None:
        train(a)

    inner()


def baked_by_a_lambda(a: int) -> None:
    (lambda: train(a))()


def baked_by_a_default(a: int) -> None:
    def inner(b: int = a) -> None: ...


def baked_by_locals(a: int) -> None:
    train(a)
    helper(**locals())


def baked_where_the_step_is_a_loop_variable(a: int) -> None:
    for each in (train, predict):
        each(a)


def baked_where_the_step_is_a_loop_variable_of_a_comprehension(a: int) -> None:
    [each(a) for each in (train, predict)]


def baked_where_the_step_is_chosen(a: int) -> None:
    chosen = train if helper() else helper
    chosen(a)


def baked_where_the_step_is_assigned_twice(a: int) -> None:
    chosen = train
    chosen(a)
    chosen = helper  # type: ignore[assignment]


def baked_where_the_name_was_something_else_before(a: int) -> None:
    chosen = helper
    chosen(a)
    chosen = train  # type: ignore[assignment]


def baked_where_the_step_is_unpacked(a: int) -> None:
    first, _ = train, 1
    first(a)


def baked_where_the_name_is_its_own(a: int) -> None:
    own = own.with_options()  # type: ignore[has-type]  # noqa: F821
    own(a)


def baked_where_the_step_is_hidden_by_a_parameter(a: int, train: Any) -> None:
    train(a)


def baked_where_the_step_is_nowhere(a: int) -> None:
    nowhere(a)  # type: ignore[name-defined]  # noqa: F821


BAKED = [value for name, value in list(globals().items()) if name.startswith("baked_")]


@pytest.mark.parametrize("body", BAKED, ids=lambda body: body.__name__)
def test_a_parameter_is_baked(body: Callable[..., Any]) -> None:
    assert "a" not in symbolic(body)


def test_parameters_that_collect_are_never_symbolic() -> None:
    def body(*rest: int, **options: int) -> None:
        train(rest, options)

    assert symbolic(body) == set()


def test_without_source_every_parameter_is_baked() -> None:
    namespace: dict[str, Any] = {"train": train}
    exec("def body(a): train(a)", namespace)
    assert symbolic(namespace["body"]) == set()


def test_a_property_is_not_run_to_find_a_step() -> None:
    class Holder:
        @property
        def train(self) -> Step:
            pytest.fail("was run")

    holder = Holder()

    def body(a: int) -> None:
        holder.train(a)

    assert symbolic(body) == set()
