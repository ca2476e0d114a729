"""Whether a Run or a Pipeline can be run at all: from JSON of the API server to a frozen spec.

Nothing here raises, whatever the JSON holds: one malformed object must not stop the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lateen.domain.canonical import canonical_json, check_texts
from lateen.domain.errors import LateenError, ParameterError
from lateen.domain.parameters import bound
from lateen.domain.spec import PipelineSpec
from lateen.resources import PipelineBody, PipelineResource, RunResource, body_spec
from lateen.resources.problems import path_text, problems
from lateen_operator.checks import Rejected, spec_problem

__all__ = [
    "Accepted",
    "Rejected",
    "Repeats",
    "accept_pipeline",
    "accept_run",
    "pipeline_name",
]

R = TypeVar("R", PipelineResource, RunResource)

INVALID = "InvalidResource"
_SHOWN_PROBLEMS = 3
_TOO_DEEP = Rejected(INVALID, "it is nested too deeply")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What can be run."""

    spec: PipelineSpec
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of a Run: all of them, coerced."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """A Run that takes spec and parameters of another one, which the catalog has."""

    run: str
    """The other Run's name."""
    kind: str
    """``replay`` or ``resume``."""


def pipeline_name(run: Any) -> str | None:
    """The name of the Pipeline that a Run runs; None where it brings its own, or repeats a Run."""
    spec = run.get("spec") if isinstance(run, Mapping) else None
    pipeline = spec.get("pipeline") if isinstance(spec, Mapping) else None
    name = pipeline.get("name") if isinstance(pipeline, Mapping) else None
    return name if isinstance(name, str) else None


def accept_pipeline(pipeline: Any, allowed_labels: tuple[str, ...] = ()) -> Accepted | Rejected:
    """What a Pipeline holds, where a Run of it could be accepted."""
    resource = _read(PipelineResource, pipeline)
    if isinstance(resource, Rejected):
        return resource
    return _held(resource.spec, allowed_labels, resource.metadata.name)


def accept_run(
    run: Any, pipeline: Any | None = None, allowed_labels: tuple[str, ...] = ()
) -> Accepted | Repeats | Rejected:
    """What a Run runs; ``pipeline`` is the Pipeline that it names, where there is one."""
    resource = _read(RunResource, run)
    if isinstance(resource, Rejected):
        return resource
    body = resource.spec
    for kind, other in (("replay", body.replay), ("resume", body.resume)):
        if other is not None:
            return Repeats(other, kind)
    if body.pipeline:
        held = _named(body.pipeline.name, pipeline, allowed_labels)
    else:
        held = _held(body.pipeline_spec, allowed_labels)
    if isinstance(held, Rejected):
        return held
    return _with_parameters(held.spec, body.parameters or {})


def _named(name: str, pipeline: Any | None, allowed_labels: tuple[str, ...]) -> Accepted | Rejected:
    if pipeline is None:
        words = f"there is no Pipeline {name!r} in this namespace; the Run goes on when there is"
        return Rejected("PipelineNotFound", words, final=False)
    held = accept_pipeline(pipeline, allowed_labels)
    if isinstance(held, Rejected):
        return Rejected(held.reason, f"the Pipeline {name!r}: {held.message}")
    return held


def _held(
    body: PipelineBody | None, allowed_labels: tuple[str, ...], object_name: str | None = None
) -> Accepted | Rejected:
    """What the body of a pipeline holds; ``object_name`` is that of the Pipeline around it."""
    if body is None or not (body.name or object_name):
        return Rejected(INVALID, "the pipeline has no name")
    try:
        spec = body_spec(body, object_name)
        check_texts(spec.to_json())
        problem = spec_problem(spec, allowed_labels)
        canonical_json(spec.to_json())
    except (LateenError, ValueError) as error:
        return Rejected(INVALID, str(error))
    except RecursionError:
        return _TOO_DEEP
    return problem or Accepted(spec)


def _with_parameters(spec: PipelineSpec, given: Mapping[str, Any]) -> Accepted | Rejected:
    try:
        return Accepted(spec, bound(spec.parameters, given))
    except ParameterError as error:
        return Rejected("InvalidParameters", str(error))
    except RecursionError:
        return _TOO_DEEP


def _read(model: type[R], data: Any) -> R | Rejected:
    try:
        return model.lenient_from(data)
    except ValidationError as error:
        return Rejected(INVALID, "; ".join(_problems(error, model)))
    except RecursionError:
        return _TOO_DEEP


def _problems(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    found = problems(error, model)
    for location, words in found[:_SHOWN_PROBLEMS]:
        yield f"{path_text(location)}: {words}"
    if len(found) > _SHOWN_PROBLEMS:
        yield f"and {len(found) - _SHOWN_PROBLEMS} more"
