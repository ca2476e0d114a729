"""The names of steps in history and in the cluster."""

from __future__ import annotations

import re

import pytest

from lateen.authoring.pipeline import pipeline
from lateen.authoring.step import Step, step
from lateen.domain.errors import CompileError


@step
def load() -> int:
    return 1


@step
def split_data() -> int:
    return 1


def another_load() -> Step[[], int]:
    @step
    def load() -> int:
        return 2

    return load


def test_a_repeated_step_is_numbered() -> None:
    @pipeline
    def body() -> None:
        for _ in range(3):
            load()

    steps = body.compile().spec.steps
    assert [step.history_name for step in steps] == ["load", "load_2", "load_3"]
    assert [step.name for step in steps] == ["load", "load-2", "load-3"]


def test_steps_of_one_name_from_two_places_are_numbered() -> None:
    other = another_load()

    @pipeline
    def body() -> None:
        load()
        other()

    assert [step.history_name for step in body.compile().spec.steps] == ["load", "load_2"]


def test_history_keeps_the_python_name_and_the_cluster_gets_a_dns_name() -> None:
    @pipeline
    def body() -> None:
        split_data()

    compiled = body.compile()
    assert compiled.spec.steps[0].history_name == "split_data"
    assert compiled.spec.steps[0].name == "split-data"
    assert compiled.definitions["split-data"].name == "split_data"


def test_a_number_that_is_taken_is_skipped() -> None:
    @pipeline
    def body() -> None:
        load.with_options(name="load_2")()
        load()
        load()

    steps = body.compile().spec.steps
    assert [step.history_name for step in steps] == ["load_2", "load", "load_3"]


def test_a_repeated_name_option_shows_both_lines() -> None:
    @pipeline
    def body() -> None:
        load.with_options(name="same")()
        split_data.with_options(name="same")()

    line = body.function.__code__.co_firstlineno
    with pytest.raises(CompileError) as caught:
        body.compile()
    assert re.search(rf"test_step_names\.py:{line + 3}: .*'same'", str(caught.value))
    assert f"test_step_names.py:{line + 2};" in str(caught.value)


def test_a_repeated_name_option_of_one_step_is_an_error_too() -> None:
    @pipeline
    def body() -> None:
        same = load.with_options(name="same").with_options(enable_cache=False)
        same()
        same()

    with pytest.raises(CompileError, match="a step named 'same' is there already"):
        body.compile()


def test_a_name_in_the_decorator_is_numbered_for_its_own_function_alone() -> None:
    first, second = step(name="same")(load.function), step(name="same")(split_data.function)

    @pipeline
    def twice() -> None:
        first()
        first()

    @pipeline
    def both() -> None:
        first()
        second()

    assert [step.history_name for step in twice.compile().spec.steps] == ["same", "same_2"]
    with pytest.raises(CompileError, match="'same' is there already"):
        both.compile()


def test_names_that_collide_in_the_cluster_fail_with_both_lines() -> None:
    @pipeline
    def body() -> None:
        split_data()
        load.with_options(name="Split.data")()

    with pytest.raises(CompileError, match=r"'Split\.data' would be 'split-data'.*'split_data'"):
        body.compile()


def test_long_names_are_cut_and_still_numbered() -> None:
    long = load.with_options(name="x" * 80)
    numbered = step(name="y" * 80)(load.function)

    @pipeline
    def body() -> None:
        long()
        numbered()
        numbered()

    names = [step.name for step in body.compile().spec.steps]
    assert names == ["x" * 63, "y" * 63, "y" * 61 + "-2"]


def test_a_name_that_no_step_can_have_is_refused_with_the_line() -> None:
    @pipeline
    def body() -> None:
        load.with_options(name="no spaces")()

    with pytest.raises(CompileError, match=r"test_step_names\.py:\d+.*'no_spaces'"):
        body.compile()
