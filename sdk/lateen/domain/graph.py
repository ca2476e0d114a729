"""The graph of a pipeline's steps: who waits for whom, in which order they can run."""

from __future__ import annotations

from collections.abc import Mapping

from lateen.domain.errors import CompileError
from lateen.domain.names import did_you_mean
from lateen.domain.references import steps_of
from lateen.domain.spec import PipelineSpec, StepSpec


def dependencies(step: StepSpec) -> tuple[str, ...]:
    """The steps that a step waits for, each once, in order of mention."""
    from_data = (name for source in step.inputs.values() for name in steps_of(source))
    return tuple(dict.fromkeys((*from_data, *step.after)))


def waits_for(spec: PipelineSpec) -> dict[str, tuple[str, ...]]:
    """Each step's dependencies; CompileError for a step that does not exist."""
    names = [step.name for step in spec.steps]
    graph = {step.name: dependencies(step) for step in spec.steps}
    for step, needed in graph.items():
        for name in needed:
            if name not in graph:
                raise CompileError(
                    f"the step {step!r} waits for {name!r}, which is no step of this pipeline"
                    f"{did_you_mean(name, names)}"
                )
    return graph


def topological_order(graph: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The steps, each after those it waits for, else as given; CompileError for a cycle."""
    order: list[str] = []
    state: dict[str, bool] = {}
    for root in graph:
        stack = [(root, iter(graph[root]))] if root not in state else []
        state.setdefault(root, False)
        while stack:
            name, needed = stack[-1]
            following = next((other for other in needed if not state.get(other, False)), None)
            if following is None:
                state[name] = True
                order.append(name)
                stack.pop()
            elif following in state:
                raise CompileError(_cycle_message([item for item, _ in stack], following))
            else:
                state[following] = False
                stack.append((following, iter(graph[following])))
    return tuple(order)


def _cycle_message(path: list[str], closing: str) -> str:
    cycle = [*path[path.index(closing) :], closing]
    return f"the steps wait for each other in a circle: {' -> '.join(reversed(cycle))}"
