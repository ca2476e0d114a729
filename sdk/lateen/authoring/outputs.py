"""The named outputs of a run: what the body of its pipeline returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from lateen.authoring.composition import Composition
from lateen.authoring.handles import StepHandle, StepOutputHandle, StepOutputHandles
from lateen.domain.errors import CompileError
from lateen.domain.references import Source, StepOutput


def pipeline_outputs(composition: Composition, returned: Any) -> dict[str, Source]:
    """The outputs by name: a dict's keys, else the outputs' own keys.

    Keys that two steps share are preceded by the step's name. CompileError for anything else
    than outputs of the pipeline's steps.
    """
    if isinstance(returned, dict):
        return {
            _checked_name(name, composition): _checked(item, composition)
            for name, item in returned.items()
        }
    sources = list(dict.fromkeys(_flat(returned, composition)))
    keys = Counter(source.output for source in sources)
    outputs: dict[str, Source] = {}
    for source in sources:
        name = source.output
        if keys[name] > 1:
            name = f"{_history_name(source, composition)}_{name}"
        if name in outputs:
            raise CompileError(
                f"the body of the pipeline {composition.pipeline!r} returns two outputs that would"
                f" be called {name!r}; return a dict that names them",
                composition.location,
            )
        outputs[name] = source
    return outputs


def _flat(returned: Any, composition: Composition) -> Iterator[StepOutput]:
    if isinstance(returned, StepOutputHandles | list | tuple):
        for item in returned:
            yield from _flat(item, composition)
    elif returned is not None and not isinstance(returned, StepHandle):
        yield _checked(returned, composition)


def _checked(item: Any, composition: Composition) -> StepOutput:
    if isinstance(item, StepOutputHandle) and item._composition is composition:
        return item.__lateen_source__
    raise CompileError(
        f"the body of the pipeline {composition.pipeline!r} returns {item!r}; it may return outputs"
        " of its steps, a tuple, list or dict of them, or nothing",
        composition.location,
    )


def _checked_name(name: object, composition: Composition) -> str:
    if isinstance(name, str):
        return name
    raise CompileError(
        f"the body of the pipeline {composition.pipeline!r} returns an output under {name!r};"
        " outputs are named by strings",
        composition.location,
    )


def _history_name(source: StepOutput, composition: Composition) -> str:
    name = composition.names.find(source.step)
    return source.step if name is None else name.history
