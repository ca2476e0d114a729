"""Pipeline and Run, the two resources of lateen.dev/v1alpha1, as pydantic models."""

from __future__ import annotations

from lateen.resources.convert import (
    body_spec,
    pipeline_resource,
    pipeline_spec,
    run_pipeline_spec,
    run_resource,
)
from lateen.resources.documents import load_resources, parse_resources
from lateen.resources.pipeline import API_VERSION, PipelineBody, PipelineResource
from lateen.resources.run import RunBody, RunResource
from lateen.resources.text import to_yaml

__all__ = [
    "API_VERSION",
    "PipelineBody",
    "PipelineResource",
    "RunBody",
    "RunResource",
    "body_spec",
    "load_resources",
    "parse_resources",
    "pipeline_resource",
    "pipeline_spec",
    "run_pipeline_spec",
    "run_resource",
    "to_yaml",
]
