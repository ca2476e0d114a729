from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.errors import CompileError
from lateen.domain.graph import dependencies, topological_order, waits_for
from lateen.domain.references import (
    Attribute,
    Entries,
    Guarded,
    Items,
    Metadata,
    Parameter,
    StepOutput,
    Value,
)
from lateen.domain.spec import PipelineSpec, StepSpec


@st.composite
def acyclic_graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Graphs in which every edge leads to an earlier node, in a shuffled order of mention."""
    size = draw(st.integers(1, 12))
    graph = {
        str(node): tuple(map(str, draw(st.sets(st.integers(0, node - 1))) if node else ()))
        for node in range(size)
    }
    return {name: graph[name] for name in draw(st.permutations(list(graph)))}


def output(step: str) -> StepOutput:
    return StepOutput(step, "output")


def test_a_step_waits_for_the_steps_in_its_inputs_and_for_those_in_after_each_once() -> None:
    step = StepSpec(
        "last",
        "last",
        inputs={
            "plain": Value(1),
            "parameter": Parameter("n"),
            "items": Items((output("a"), Items((output("b"),)))),
            "entries": Entries((("k", output("c")),)),
            "metadata": Metadata("rows", output("d")),
            "guarded": Guarded(Attribute("version", output("e")), default=None),
            "again": output("a"),
        },
        after=("f", "a"),
    )
    assert dependencies(step) == ("a", "b", "c", "d", "e", "f")


def test_a_step_that_does_not_exist_is_answered_with_the_nearest() -> None:
    spec = PipelineSpec(
        "p", (StepSpec("load", "load"), StepSpec("train", "train", after=("laod",)))
    )
    with pytest.raises(CompileError, match=r"'train' waits for 'laod'.*did you mean 'load'"):
        waits_for(spec)


@given(acyclic_graphs())
def test_every_step_comes_once_and_after_those_it_waits_for(
    graph: dict[str, tuple[str, ...]],
) -> None:
    order = topological_order(graph)
    assert sorted(order) == sorted(graph)
    for name, needed in graph.items():
        assert all(order.index(need) < order.index(name) for need in needed)


def test_independent_steps_keep_their_order() -> None:
    assert topological_order({"c": (), "a": (), "b": ()}) == ("c", "a", "b")


@given(acyclic_graphs(), st.data())
def test_a_circle_is_named_in_the_direction_of_the_data(
    graph: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    closing = data.draw(st.sampled_from(list(graph)))
    reached = data.draw(st.sampled_from(sorted(_reached(graph, closing))))
    graph = {**graph, reached: (*graph[reached], closing)}
    with pytest.raises(CompileError, match="in a circle: ") as caught:
        topological_order(graph)
    circle = str(caught.value).rsplit(": ", 1)[1].split(" -> ")
    assert circle[0] == circle[-1]
    for maker, taker in pairwise(circle):
        assert maker in graph[taker]


def _reached(graph: dict[str, tuple[str, ...]], name: str) -> set[str]:
    return {name}.union(*(_reached(graph, need) for need in graph[name]))


def test_a_long_chain_needs_no_deep_stack() -> None:
    graph = {str(n): (str(n + 1),) for n in range(20_000)} | {"20000": ()}
    assert topological_order(graph)[0] == "20000"
