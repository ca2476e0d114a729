"""The Runs that are made for people: plain JSON for an API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lateen.authoring.compiled import CompiledPipeline
from lateen.cluster.connection import Json
from lateen.domain.errors import CompileError
from lateen.domain.names import dns_name
from lateen.domain.spec import PipelineSpec
from lateen.workspace.naming import generated_name, given_name

PIPELINE_LABEL = "lateen.dev/pipeline"
SUBMITTED_BY = "lateen.dev/submitted-by"
"""The annotation that says who made the Run, as far as is known."""


def run_body(
    compiled: CompiledPipeline, spec: PipelineSpec, given: Mapping[str, Any], person: str
) -> Json:
    """A Run that brings its pipeline along, under the name that the caller gave.

    Raises CompileError for what no resource can hold, ParameterError for a number that an API
    server would change.
    """
    from pydantic import ValidationError

    from lateen.resources import run_resource
    from lateen.resources.problems import path_text, problems
    from lateen.resources.run import RunResource

    try:
        body = run_resource(spec, given).to_json()
    except ValidationError as error:
        found = [f"{path_text(place)}: {words}" for place, words in problems(error, RunResource)]
        raise CompileError(
            f"{spec.name} cannot run in a cluster: " + "\n  ".join(found), compiled.source
        ) from None
    return {**body, "metadata": _metadata(given_name(compiled), spec, person)}


def replay_body(run: str, spec: PipelineSpec, person: str) -> Json:
    """A Run that replays another one."""
    from lateen.resources import API_VERSION

    return {
        "apiVersion": API_VERSION,
        "kind": "Run",
        "metadata": _metadata(None, spec, person),
        "spec": {"replay": run},
    }


def _metadata(given: str | None, spec: PipelineSpec, person: str) -> Json:
    pipeline = dns_name(spec.name)
    return {
        "name": dns_name(given) if given else generated_name(pipeline[:40].rstrip("-")),
        "labels": {PIPELINE_LABEL: pipeline},
        "annotations": {SUBMITTED_BY: person},
    }
