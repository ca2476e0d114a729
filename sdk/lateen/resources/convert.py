"""Between the frozen spec that digests cover and the resources that people and clusters hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lateen.domain.errors import ParameterError
from lateen.domain.names import dns_name
from lateen.domain.parameters import LARGEST_EXACT, coerced, transportable
from lateen.domain.spec import MISSING, ParameterSpec, PipelineSpec
from lateen.resources.pipeline import API_VERSION, PipelineBody, PipelineResource
from lateen.resources.run import RunResource

_NUMERIC = ("integer", "number")


def pipeline_resource(spec: PipelineSpec, namespace: str | None = None) -> PipelineResource:
    """The Pipeline of a compiled pipeline.

    Raises ParameterError for a number that an API server would change, pydantic.ValidationError for
    a spec that a Pipeline cannot hold.
    """
    body = body_json(spec)
    name = dns_name(spec.name)
    if name == spec.name:
        del body["name"]
    return PipelineResource.strict_from(
        {
            "apiVersion": API_VERSION,
            "kind": "Pipeline",
            "metadata": {"name": name, "namespace": namespace},
            "spec": body,
        }
    )


def run_resource(
    spec: PipelineSpec,
    parameters: Mapping[str, Any] | None = None,
    namespace: str | None = None,
) -> RunResource:
    """A Run that brings its pipeline along; raises what ``pipeline_resource`` does."""
    given = {name: _travelling(name, value) for name, value in (parameters or {}).items()}
    return RunResource.strict_from(
        {
            "apiVersion": API_VERSION,
            "kind": "Run",
            "metadata": {"generateName": f"{dns_name(spec.name)}-", "namespace": namespace},
            "spec": {"pipelineSpec": body_json(spec), "parameters": given or None},
        }
    )


def body_json(spec: PipelineSpec) -> dict[str, Any]:
    """A compiled pipeline as JSON that an API server leaves as it is."""
    body = spec.to_json()
    for parameter in body.get("parameters", ()):
        if parameter.get("type") in _NUMERIC:
            _replace(parameter, transportable)
    for path, number in _large_integers(body):
        raise ParameterError(
            f"{path} is {number}, an integer beyond 2^53, which an API server would change; make it"
            " a parameter of the pipeline annotated `int`, or a string"
        )
    return body


def _replace(parameter: dict[str, Any], change: Any) -> None:
    for field in ("default", "frozen"):
        if field in parameter:
            parameter[field] = change(parameter[field])


def _large_integers(value: Any, path: str = "spec") -> Iterator[tuple[str, int]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _large_integers(item, f"{path}.{key}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _large_integers(item, f"{path}[{position}]")
    elif isinstance(value, int) and abs(value) > LARGEST_EXACT:
        yield path, value


def _travelling(name: str, value: Any) -> Any:
    for path, number in _large_integers([value], f"the parameter {name!r} "):
        if not isinstance(value, int):
            raise ParameterError(f"{path} is {number}, beyond 2^53; write it as a string")
    return transportable(value)


def pipeline_spec(resource: PipelineResource) -> PipelineSpec:
    """The compiled pipeline that a Pipeline holds; ParameterError for a default of a wrong type."""
    return body_spec(resource.spec, resource.metadata.name)


def run_pipeline_spec(resource: RunResource) -> PipelineSpec | None:
    """The compiled pipeline that a Run brings along; None where it names one instead."""
    body = resource.spec.pipeline_spec
    return None if body is None else body_spec(body, None)


def body_spec(body: PipelineBody, object_name: str | None) -> PipelineSpec:
    """The compiled pipeline of a body, numbers brought back to their declared types."""
    data = {"name": object_name, **body.to_json()}
    for parameter in data.get("parameters", ()):
        _replace(parameter, _typed(parameter))
    return PipelineSpec.from_json(data)


def _typed(parameter: dict[str, Any]) -> Any:
    spec = ParameterSpec.from_json({key: parameter[key] for key in parameter if key != "frozen"})
    return lambda value: value if value is MISSING else coerced(spec, value)
